"""The API's documentation as a page, from files that are installed with it: no outside request."""

from functools import cache
from importlib.resources import files
from typing import Final

PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Plimsoll API</title>
<link rel="icon" type="image/png" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="stylesheet" href="docs/notice.css">
</head>
<body>
{notice}<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""
SIMULATED: Final = """<p class="notice" role="status">Prices are simulated:
they come from an invented market, and nothing valued with them is worth anything.</p>
"""
NOTICE: Final = b""".notice { margin: 0; padding: 0.6em 1em; text-align: center;
  font: 600 15px/1.4 sans-serif; color: #3d2b00; background: #ffd666; }
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
    "notice.css": "text/css",
}


OWN: Final = {"start.js": START, "notice.css": NOTICE}


def page(*, simulated: bool) -> str:
    """The page; it says so when the prices that it shows are invented."""
    return PAGE.replace("{notice}", SIMULATED if simulated else "")


@cache
def find_asset(name: str) -> bytes | None:
    """The bytes of one of the page's files; None for any other name."""
    if name not in MEDIA_TYPES:
        return None
    if name in OWN:
        return OWN[name]
    return files("fastapi_swagger").joinpath("resources", name).read_bytes()
