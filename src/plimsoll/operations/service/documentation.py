"""The API's documentation as a page, from files that are installed with it: no outside request."""

from functools import cache
from importlib.resources import files
from typing import Final

PAGE: Final = b"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Plimsoll API</title>
<link rel="icon" type="image/png" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
START: Final = b"""SwaggerUIBundle({
  url: "openapi.json", dom_id: "#swagger-ui", deepLinking: true, docExpansion: "list",
  defaultModelsExpandDepth: 0, tryItOutEnabled: true, persistAuthorization: false,
});
"""
MEDIA_TYPES: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
    "start.js": "text/javascript",
}


@cache
def find_asset(name: str) -> bytes | None:
    """The bytes of one of the page's files; None for any other name."""
    if name not in MEDIA_TYPES:
        return None
    if name == "start.js":
        return START
    return files("fastapi_swagger").joinpath("resources", name).read_bytes()
