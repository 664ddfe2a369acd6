"""What a command runs with: the launcher's doors and the settings, each read once, when first needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer

    from rag.config import Settings
    from rag.models.doors import Doors
    from rag.store import Store
    from rag.wiring import Airlock
    from web.guards import Guard


@dataclass
class Inside:
    """The process a command runs in. Without a launcher: no doors, no gate, no page descriptor."""

    traceback: bool = False
    doors: Doors | None = None
    gate_socket: Path | None = None
    page_fd: int | None = None
    launcher_guards: tuple[Guard, ...] = field(default=())

    @classmethod
    def of(cls, context: typer.Context) -> Inside:
        """The one `context` carries."""
        found = context.find_object(cls)
        assert found is not None, "web.cli puts it there"
        return found

    def take_doors(self) -> None:
        """Take over what the launcher handed down. Comes before the settings, which refuse its variables.

        Raises:
            ConfigError: the launcher's variables are not the launcher's.
        """
        from web.doors import take_doors

        self.doors, self.gate_socket, self.page_fd, self.launcher_guards = take_doors()

    @cached_property
    def settings(self) -> Settings:
        """The settings.

        Raises:
            ConfigError: a key or value is wrong.
        """
        from rag.config import load_settings

        return load_settings()

    @contextmanager
    def airlock(self) -> Iterator[Airlock]:
        """Everything that answers questions.

        Raises:
            AirlockError: as `rag.wiring.build`.
        """
        from rag.wiring import build

        with build(self.settings, self.doors, self.gate_socket) as airlock:
            yield airlock

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The store alone, for what needs no model.

        Raises:
            StoreError: it cannot be opened.
        """
        from rag.store import Store

        store = Store.open(self.settings.home, receipts_folder=self.settings.receipts_folder)
        try:
            yield store
        finally:
            store.close()
