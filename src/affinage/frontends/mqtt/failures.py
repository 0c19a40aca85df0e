"""How what went wrong is written down: a refusal in a line, a mistake of ours with its trace."""

from typing import Final

import structlog

from affinage.domain.errors import AffinageError

_log: Final = structlog.get_logger(__name__)


def log_failure(what: str, error: Exception, *, device: str, request_id: str) -> None:
    """Write down that ``what`` failed for ``device``; never a secret, as no error holds one."""
    if isinstance(error, AffinageError):
        fields = {"what": what, "code": error.code, "reason": str(error)}
        _log.info("refused", device=device, request_id=request_id, **fields)
    else:
        _log.error("failed", device=device, request_id=request_id, what=what, exc_info=error)
