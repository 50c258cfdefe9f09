"""A small service on the chassis, for tests of what every service's edge does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Depends, FastAPI, Query, Response
from pydantic import BaseModel, Field

from agentbus.chassis.auth import Principal, Role, principal, requires
from agentbus.chassis.health import Health
from agentbus.chassis.http import build_app
from agentbus.chassis.settings import ServiceSettings
from agentbus.contracts.http.problems import Problem
from agentbus.kernel.errors import Fatal, Rejected, Transient

SETTINGS = ServiceSettings.model_validate({"auth": "none", "body_limit_bytes": 10_000})
things = APIRouter(prefix="/things")


class Thing(BaseModel):
    """A body."""

    name: str = Field(min_length=1, pattern="^[a-z]+$")
    size: int = 1
    more: dict[str, int] = Field(default_factory=dict)


@things.post("/{thing_id}")
async def create(thing_id: str, body: Thing, who: Annotated[Principal, Depends(principal)]) -> dict[str, Any]:
    return {"id": thing_id, "name": body.name, "user": who.user_id}


@things.post("/{thing_id}/cancel")
async def cancel(thing_id: str) -> str:
    return thing_id


@things.get("/required")
async def required(thing_id: str, limit: Annotated[int, Query(le=10)] = 1) -> int:
    return limit


@things.get("/failing/{kind}")
async def failing(kind: str) -> None:
    raise {
        "gone": Rejected("there is no such thing", code="unknown_thing", status=404),
        "busy": Transient("Kafka does not answer", code="bus_down", retry_after_seconds=7),
        "fatal": Fatal("secret inside"),
        "bug": RuntimeError("secret inside"),
    }[kind]


@things.get("/admin", dependencies=[Depends(requires(Role.ADMIN))])
async def admin() -> str:
    return "ok"


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    yield


@things.get("/large")
async def large(size: int) -> Response:
    return Response(b"x" * size, media_type="text/plain")


def demo_app(settings: ServiceSettings = SETTINGS, health: Health | None = None) -> FastAPI:
    api = APIRouter(prefix="/api")
    api.include_router(things)
    return build_app(settings, service="demo", lifespan=lifespan, routers=[api], health=health or Health())


def client_of(settings: ServiceSettings = SETTINGS, health: Health | None = None) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(demo_app(settings, health))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


def problem_in(response: httpx.Response, status: int, code: str) -> Problem:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate_json(response.content)
    assert (problem.status, problem.code) == (status, code)
    assert problem.request_id == response.headers["x-request-id"]
    return problem
