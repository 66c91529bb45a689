"""People's pictures and videos, one frame at a time.

Plugins import these names from here: ``from ferbench.media import decode, video_pictures``.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ferbench.media.images import as_gray, as_rgb, resize
    from ferbench.media.pictures import MAX_SIDE, decode
    from ferbench.media.video import Half, View, pick, video_pictures

__all__ = ["MAX_SIDE", "Half", "View", "as_gray", "as_rgb", "decode", "pick", "resize", "video_pictures"]

_LAZY = {
    "Half": "video",
    "MAX_SIDE": "pictures",
    "View": "video",
    "as_gray": "images",
    "as_rgb": "images",
    "decode": "pictures",
    "pick": "video",
    "resize": "images",
    "video_pictures": "video",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(importlib.import_module(f"ferbench.media.{_LAZY[name]}"), name)
    raise AttributeError(f"module 'ferbench.media' has no attribute '{name}'")
