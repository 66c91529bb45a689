"""Videos, one picture at a time: decoding and writing in a stream, so that memory does not grow with a video's length.

Decoded by PyAV (FFmpeg), which reports when a file is broken; OpenCV's reader just ends there. A video is taken as
hostile: only containers of recordings are opened (no playlist, which could name other files or addresses), and its size
in pixels and in frames is limited before memory or time is spent on it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, Any, Literal, cast

import av
import numpy as np
from av.error import FFmpegError
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from ferbench.data import Images
from ferbench.errors import DataError, printable
from ferbench.support.atomic import replacing

CONTAINERS = "avi,mov,mp4,matroska,mpeg,asf"
"""What is opened, by FFmpeg's names; a file is known by its content, not by its name."""
SUFFIXES = (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm", ".wmv")
"""The endings of the files that a folder is searched for."""
MAX_PIXELS = 1 << 24
"""Width times height; MMI's videos have 414,720."""
MAX_FRAMES = 100_000
"""Over an hour at 25 frames per second."""
MIN_SHARE_OF_FRAMES = 0.95
"""A video with a smaller share of the frames that its header promises was cut off; headers may be off by a few."""
DEFAULT_RATE = 25
"""Frames per second of a video whose header does not give its own."""
TICKS = 60_000
"""A second in units of a written video's clock; MPEG-4 allows 65,535 at most."""
FIX = "copy the file again from where you have it, and check that it plays to its end"

Half = Literal["left", "right"]


@dataclass(frozen=True)
class View:
    """Which region of a video is looked at.

    ``rotation`` in degrees (a multiple of 90) turns each picture counter-clockwise, on top of what the video's own
    metadata asks for; then ``half`` of it is taken, or the whole if that is ``None``.
    """

    rotation: int = 0
    half: Half | None = None

    def apply(self, picture: Images, turned: int = 0) -> Images:
        """The view of a picture uint8 [H, W, 3], which by the video's metadata is to be turned by ``turned``."""
        upright = np.rot90(picture, (self.rotation + turned) // 90 % 4)
        middle = upright.shape[1] // 2
        if self.half == "left":
            upright = upright[:, :middle]
        elif self.half == "right":
            upright = upright[:, -middle:]
        return np.ascontiguousarray(upright)


WHOLE = View()


def video_pictures(source: Path | IO[bytes], name: str, view: View = WHOLE) -> Generator[Images]:
    """Every frame of a video in order, RGB uint8 [H, W, 3], upright; like ``timed`` without the times."""
    with closing(timed(source, name, view)) as stream:
        for _, picture in stream:
            yield picture


def timed(source: Path | IO[bytes], name: str, view: View = WHOLE) -> Generator[tuple[float, Images]]:
    """Every frame of a video in order: its time in seconds, and RGB uint8 [H, W, 3], upright.

    ``name`` stands for the video in errors. One frame is in memory at a time. Raises ``DataError`` if the video cannot
    be read to its end, at the frame where it breaks: not a video, truncated, damaged, no frames, absurdly large.
    """
    count = 0
    promised = 0
    size = None
    to_rgb = VideoReformatter()  # a frame's own to_ndarray(format=...) would make its tables again for each
    try:
        with _opened(source, name) as (container, stream):
            promised = stream.frames
            rate = stream.average_rate or DEFAULT_RATE
            for frame in container.decode(stream):
                size = size or (frame.width, frame.height)
                if (frame.width, frame.height) != size:
                    raise _unreadable(name, f"its size changes at frame {count}")
                if frame.is_corrupt:
                    raise _unreadable(name, f"frame {count} is damaged")
                if count == MAX_FRAMES:
                    raise _unreadable(name, f"it has more than {MAX_FRAMES:,} frames")
                if frame.rotation % 90:
                    raise _unreadable(name, f"it is turned by {frame.rotation} degrees, which is not a multiple of 90")
                seconds = float(count / rate) if frame.time is None else frame.time
                picture = cast("Images", to_rgb.reformat(frame, format="rgb24").to_ndarray())
                yield seconds, view.apply(picture, int(frame.rotation))
                count += 1
    except (FFmpegError, ValueError, MemoryError) as error:
        where = f" at frame {count}" if count else ""
        raise _unreadable(name, f"{getattr(error, 'strerror', None) or error}{where}") from error
    if count == 0 or count < MIN_SHARE_OF_FRAMES * promised:
        raise _unreadable(name, f"it is cut off: {count:,} of {promised:,} frames" if promised else "it has no frames")


def promised(source: Path, name: str) -> int | None:
    """How many frames the header promises, or ``None`` if it does not say. Raises ``DataError``."""
    try:
        with _opened(source, name) as (_, stream):
            return int(stream.frames) or None
    except (FFmpegError, ValueError) as error:
        raise _unreadable(name, str(getattr(error, "strerror", None) or error)) from error


def pick(source: Path | IO[bytes], name: str, indices: Collection[int], view: View = WHOLE) -> dict[int, Images]:
    """The frames with these indices, counted from 0 in the order of ``pictures``, RGB uint8 [H, W, 3].

    The video is decoded from its start to the last one wanted, as only that gives exactly the frames that
    ``pictures`` counted; no other frame is kept. Raises ``DataError`` as ``pictures`` does, or if there is no such
    frame.
    """
    wanted = set(indices)
    picked: dict[int, Images] = {}
    with closing(video_pictures(source, name, view)) as stream:
        for index, picture in enumerate(stream):
            if index in wanted:
                picked[index] = picture
                if len(picked) == len(wanted):
                    break
    if len(picked) < len(wanted):
        raise _unreadable(name, f"it has no frame {max(wanted)}")
    return picked


@contextmanager
def writing(target: Path, height: int, width: int) -> Iterator[Callable[[float, Images], None]]:
    """Gives a function that appends a frame: its time in seconds (ascending), and RGB uint8 [height, width, 3].

    An MP4 by H.264, or by MPEG-4 where FFmpeg was built without it, put in place when the block ends without an
    error. An odd last row or column is repeated, as the encoders need even sizes. Raises ``StorageError``.
    """
    with replacing(target) as fresh, av.open(str(fresh), "w", format="mp4") as container:
        codec = "libx264" if "libx264" in av.codecs_available else "mpeg4"
        stream: Any = container.add_stream(codec, rate=DEFAULT_RATE)
        stream.height = height + height % 2
        stream.width = width + width % 2
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, TICKS)
        if codec == "mpeg4":
            stream.bit_rate = 8 * height * width
        else:
            stream.options = {"preset": "veryfast", "crf": "20"}
        last = -1

        def append(seconds: float, picture: Images) -> None:
            nonlocal last
            last = max(last + 1, round(seconds * TICKS))
            if height % 2 or width % 2:
                picture = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = last
            frame.time_base = Fraction(1, TICKS)
            container.mux(stream.encode(frame))

        yield append
        container.mux(stream.encode())


@contextmanager
def _opened(source: Path | IO[bytes], name: str) -> Iterator[tuple[Any, VideoStream]]:
    """An open container and its first video stream, within the limits."""
    with av.open(
        str(source) if isinstance(source, Path) else source,
        "r",
        options={"format_whitelist": CONTAINERS, "protocol_whitelist": "file"},
    ) as container:
        if not container.streams.video:
            raise _unreadable(name, "it has no video stream")
        stream = container.streams.video[0]
        context = stream.codec_context
        if context is None:  # PyAV's types do not say so
            raise _unreadable(name, "there is no decoder for its codec")
        if context.width * context.height > MAX_PIXELS:
            raise _unreadable(name, f"{context.width}x{context.height} pixels are more than {MAX_PIXELS:,}")
        context.options = {"max_pixels": str(MAX_PIXELS)}  # the stream itself may give another size than the container
        context.thread_count = 1  # each thread would hold frames of its own
        yield container, stream


def _unreadable(name: str, reason: str) -> DataError:
    return DataError(f"{name} cannot be read as a video: {printable(reason)}", fix=FIX)
