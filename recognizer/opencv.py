"""The one door to OpenCV: its limits are set before it is loaded, and its own threads are kept out of the way."""

import os
from typing import Any

#: Pixels a picture may have: a phone's 48-megapixel photograph (8064 x 6048) passes; decoded to grey it takes 50 MB.
MAX_PIXELS = 50_000_000

# OpenCV reads this once, when it is loaded. The gate in `recognizer.image` refuses first, with a reason; this is the
# wall behind it, for a decoder that finds other dimensions than the header told.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))

import cv2 as _cv2  # noqa: E402 - the limit above has to come first

# OpenCV's own stubs type every result as `Mat | ndarray`; callers state what they get.
cv2: Any = _cv2

# Workers scale by processes; OpenCV's pool would fight over the same cores and gains nothing on small pictures.
cv2.setNumThreads(1)
# A decoder's complaint becomes a reason in the ledger; on standard error it would only be noise.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

__all__ = ["MAX_PIXELS", "cv2"]
