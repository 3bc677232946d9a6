"""The description of the API as a file, from which the page's client is made.

python -m tools.openapi --write      openapi.json anew
python -m tools.openapi --check      1 when it is not what the service would answer
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from plimsoll.app import create_app
from plimsoll.settings import Settings

FILE: Final = Path(__file__).parents[1] / "openapi.json"


def describe() -> str:
    """The same text for the same routes: sorted, and without what is set on this machine."""
    with TemporaryDirectory() as folder:
        settings = Settings.model_construct(data_dir=Path(folder))
        described = create_app(settings, "postgresql:///nowhere", page_folder=Path(folder))
        return json.dumps(described.openapi(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    match arguments:
        case ["--write"]:
            FILE.write_text(describe(), "utf-8")
            return 0
        case ["--check"]:
            current = FILE.is_file() and FILE.read_text("utf-8") == describe()
            if not current:
                print(f"{FILE.name} is not what the service answers: `make client` writes it anew")
            return int(not current)
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
