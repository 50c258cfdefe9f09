"""People who use the web app, each with a browser profile and a token of their own."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import httpx
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, expect
from support.system import System, token

from agentbus.chassis.auth import Role
from agentbus.embedded.repository import ROOT
from agentbus.embedded.web import SOURCE

AXE: Final = SOURCE / "node_modules" / "axe-core" / "axe.min.js"
Scheme = Literal["light", "dark"]

_SERIOUS: Final = {"serious", "critical"}
_WITHOUT_ROOT: Final = """(root) => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
        if (texts.currentNode.data.includes(root))
            texts.currentNode.data = texts.currentNode.data.replaceAll(root, "");
    }
}"""
"""Pictures are for everyone: where the repository lies on this machine, which stacks tell, is not."""


@dataclass
class People:
    """A workspace's people."""

    system: System
    browser: Browser
    workspace: str
    pictures: Path | None
    errors: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)

    def token(self, user: str, role: Role = Role.EDITOR) -> str:
        """Returns the person's token."""
        return token(self.system.stack, user=user, workspace=self.workspace, role=role)

    def client(self, user: str = "api", role: Role = Role.EDITOR) -> httpx.AsyncClient:
        """Returns an HTTP client of the person's."""
        return self.system.client(token=self.token(user, role))

    async def arrives(
        self,
        user: str,
        path: str = "/",
        *,
        role: Role = Role.EDITOR,
        scheme: Scheme = "light",
        wide: int = 1440,
    ) -> Page:
        """Opens the app in a new browser profile, as `make up` tells a person to."""
        viewport = ViewportSize(width=wide, height=900 if wide > 600 else 844)
        context = await self.browser.new_context(
            viewport=viewport, color_scheme=scheme, base_url=self.system.url
        )
        self._contexts.append(context)
        context.on("weberror", lambda error: self.errors.append(str(error.error)))
        page = await context.new_page()
        page.on("console", self._note)
        await page.goto(f"{path}#token={self.token(user, role)}")
        await expect(page.get_by_text("Online", exact=True)).to_be_visible()
        return page

    async def picture(self, page: Page, name: str) -> None:
        """Keeps a picture of the page, when pictures are asked for."""
        if self.pictures is not None:
            self.pictures.mkdir(parents=True, exist_ok=True)
            await page.evaluate(_WITHOUT_ROOT, f"{ROOT}/")
            await page.screenshot(path=self.pictures / f"{name}.png", animations="disabled")

    async def leave(self) -> None:
        """Closes every browser."""
        for context in self._contexts:
            await context.close()

    def _note(self, message: ConsoleMessage) -> None:
        # A request that failed is the app's to tell; what else stands there is a fault of the page.
        if (
            message.type == "error"
            and "Failed to load resource" not in message.text
            and "WebSocket" not in message.text
        ):
            self.errors.append(message.text)


async def serious_findings(page: Page) -> list[str]:
    """Returns what axe finds on the page that is serious or worse."""
    await page.evaluate(AXE.read_text())
    found: list[dict[str, Any]] = (await page.evaluate("axe.run()"))["violations"]
    return [
        f"{each['id']}: {each['help']} ({node['html'][:200]}) {node['failureSummary'][:300]}"
        for each in found
        if each["impact"] in _SERIOUS
        for node in each["nodes"]
    ]
