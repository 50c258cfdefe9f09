"""The HTTP edge of `/api/v3/observability`; every route acts in the workspace of the caller's token."""

from typing import Final

from fastapi import APIRouter

API: Final = APIRouter(prefix="/api/v3/observability", tags=["observability"])
