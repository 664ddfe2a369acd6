"""`airlock serve`: the page. Takes the address the launcher bound, or binds it itself."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.errors import ConfigError, NotFound
from web.inside import Inside
from web.terminal import clean, open_console

if TYPE_CHECKING:
    from socket import socket  # noqa: TID251  only the type

    from starlette.types import ASGIApp

    from rag.config import Settings

STOP_SECONDS = 1


def add_to(app: typer.Typer) -> None:
    """Put the command on `app`."""
    app.command("serve")(serve)


def serve(
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option("--host", help="Address to bind; anything but loopback needs a password.")
    ] = None,
    port: Annotated[int | None, typer.Option("--port", "-p", help="Port to bind; 0 picks a free one.")] = None,
    sample: Annotated[
        Path | None,
        typer.Option("--sample", help="Ingest this sample folder first, unless it was removed before."),
    ] = None,
) -> None:
    """Serve the page until Ctrl+C.

    \b
      airlock serve
      airlock serve --port 9000
      AIRLOCK_SERVER__PASSWORD=… airlock serve --host 192.168.1.20
    """
    inside = Inside.of(context)
    settings = _with_address(inside.settings, host, port)
    refuse_open_page(settings)
    if sample is not None:
        ingest_sample(inside, sample)
    with inside.airlock() as airlock:
        from web.app import create_app
        from web.guards import look_at_guards
        from web.i18n import terminal_language
        from web.status import describe_answers, describe_cloud

        guards = look_at_guards(settings, inside.launcher_guards)
        if airlock.gate is not None:
            airlock.looking.warm_up()
        app = create_app(airlock, guards=guards)
        listening = open_page(settings, inside.page_fd)
        answers = describe_answers(settings, airlock.local_models, describe_cloud(airlock.gate))
        language, console = terminal_language(), open_console()
        console.print(f"Airlock is at {page_address(listening)}", style="bold")
        console.print(clean(answers["why"][language]))
        for guard in guards:
            if not guard.in_force or guard.name == "gate":
                console.print(guard.text[language], style="dim" if guard.in_force else "yellow")
        console.print("Ctrl+C stops it.")
        run_server(app, [listening])
        console.print("Stopped.")


def refuse_open_page(settings: Settings) -> None:
    """Let nobody else reach the page without a password.

    Raises:
        ConfigError: the address is not loopback and no password is set.
    """
    from web.launch import is_loopback

    if not is_loopback(settings.server.host) and not settings.server.password.get_secret_value():
        raise ConfigError(
            f"server.host is {settings.server.host}, which others can reach, and server.password is not set; "
            "set AIRLOCK_SERVER__PASSWORD, or bind to 127.0.0.1"
        )


def ingest_sample(inside: Inside, folder: Path) -> None:
    """Ingest the sample corpus, unless somebody removed it.

    Raises:
        NotFound: there is no such folder.
    """
    from web.commands.ingest import print_report, run_ingest

    if not folder.is_dir():
        raise NotFound(f"--sample: there is no folder {folder}")
    with inside.store() as store:
        if store.meta("sample_removed"):
            return
        print_report(run_ingest(inside, store, folder, None, sample=True))


def open_page(settings: Settings, descriptor: int | None) -> socket:
    """The listening socket: the launcher's, or one bound here.

    Raises:
        ConfigError: the address cannot be bound.
    """
    import socket as sockets  # noqa: TID251  adopts the descriptor that the launcher bound

    if descriptor is not None:
        return sockets.socket(fileno=descriptor)
    host, port = settings.server.host, settings.server.port
    family = sockets.AF_INET6 if ":" in host else sockets.AF_INET
    try:
        return sockets.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigError(f"cannot listen on {host} port {port}: {error.strerror}; try --port 0") from None


def page_address(listening: socket) -> str:
    """The page's address, as a person would type it."""
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def run_server(app: ASGIApp, listening: Sequence[socket]) -> None:
    """Serve `app` until a signal stops it; answers that are being written then stop and are kept."""
    import uvicorn

    config = uvicorn.Config(
        app,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    before = signal.signal(signal.SIGTERM, _leave)
    try:
        uvicorn.Server(config).run(list(listening))
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(_signal: int, _frame: object) -> None:
    """End by SIGTERM as by Ctrl+C: everything is closed on the way out."""
    raise KeyboardInterrupt


def _with_address(settings: Settings, host: str | None, port: int | None) -> Settings:
    """`settings` with the address given on the command line; the launcher has put it there already."""
    wanted = {"host": host, "port": port}
    changed = {name: value for name, value in wanted.items() if value is not None}
    server = settings.server.model_copy(update=changed)
    return settings.model_copy(update={"server": server})
