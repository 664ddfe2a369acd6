"""`airlock sources`: the folders that were ingested: list, remove, label, keep on this computer."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.errors import ConfigError, NotFound
from web.inside import Inside
from web.terminal import ask_yes, clean, is_terminal, make_table, open_console, print_json

if TYPE_CHECKING:
    from rag.records import Source
    from rag.store import Store

WhichSource = Annotated[str, typer.Argument(help="Its number, name or folder.", metavar="SOURCE")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def add_to(app: typer.Typer) -> None:
    """Put the command group on `app`."""
    group = typer.Typer(
        invoke_without_command=True, help="The folders that were ingested: list, remove, label, keep local."
    )
    group.callback()(list_by_default)
    group.command("list")(list_sources)
    group.command("remove")(remove)
    group.command("label")(label)
    group.command("local-only")(local_only)
    app.add_typer(group, name="sources")


def list_by_default(context: typer.Context, as_json: AsJson = False) -> None:
    """The folders that were ingested. Without a further word, lists them.

    \b
      airlock sources
      airlock sources remove corpus
      airlock sources local-only handbook on
    """
    if context.invoked_subcommand is None:
        list_sources(context, as_json)


def list_sources(context: typer.Context, as_json: AsJson = False) -> None:
    """List the sources with their labels and counts."""
    from web.shapes import source_shape

    with Inside.of(context).store() as store:
        shapes = [source_shape(source, store.counts(source.id)) for source in store.sources()]
    if as_json:
        print_json(shapes)
        return
    console = open_console()
    if not shapes:
        console.print("No folders yet. Add one: airlock ingest FOLDER")
        return
    table = make_table("id", "name", "folder", "label", "documents", "failed", "unlabelled", "local only")
    for one in shapes:
        counts = (str(one["documents"]), str(one["failed"]), str(one["unlabelled"]))
        name, root = clean(one["name"]), clean(one["root"])
        table.add_row(
            str(one["id"]),
            name,
            root,
            one["default_label"] or "-",
            *counts,
            "yes" if one["local_only"] else "-",
        )
    console.print(table)


def remove(
    context: typer.Context,
    which: WhichSource,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Forget a source: its documents, passages and vectors. The folder itself is not touched.

    A removed sample does not come back.
    """
    from web.uploads import uploads_folder

    inside = Inside.of(context)
    with inside.store() as store:
        source = find_source(store, which)
        question = f"Remove {clean(source.name)} ({clean(source.root)}) from Airlock? The folder stays."
        if not yes and not as_json and is_terminal() and not ask_yes(question):
            raise typer.Exit(1)
        removed = store.remove_source(source.id)
    if Path(source.root) == uploads_folder(inside.settings.home):
        shutil.rmtree(source.root, ignore_errors=True)
    if as_json:
        print_json({"source": source.name, "removed": removed})
    else:
        open_console().print(f"Removed {clean(source.name)} with {removed} documents.")


def label(
    context: typer.Context,
    which: WhichSource,
    word: Annotated[str, typer.Argument(help="public, internal, confidential or restricted.", metavar="LABEL")],
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; kept with the change.")] = "",
    as_json: AsJson = False,
) -> None:
    """Label what nothing stricter labels in a source, now and later. `airlock label` overrides the rest."""
    from rag.policy.labels import LabelSource, parse_label

    try:
        wanted = parse_label(word)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    with Inside.of(context).store() as store:
        source = find_source(store, which)
        changed = store.set_source_label(source.id, wanted, LabelSource.COMMAND_LINE, reason=reason)
    if as_json:
        print_json({"source": source.name, "label": wanted.word, "changed": changed})
    else:
        open_console().print(f"{changed} of {clean(source.name)}'s documents are now {wanted}.")


def local_only(
    context: typer.Context,
    which: WhichSource,
    switch: Annotated[str, typer.Argument(help="on or off.", metavar="on|off")],
    as_json: AsJson = False,
) -> None:
    """Keep everything of a source on this computer, whatever its labels say."""
    if switch not in ("on", "off"):
        raise ConfigError("local-only: use on or off")
    with Inside.of(context).store() as store:
        source = find_source(store, which)
        store.set_source_local_only(source.id, switch == "on")
    if as_json:
        print_json({"source": source.name, "local_only": switch == "on"})
    else:
        state = "stays on this computer" if switch == "on" else "follows its labels"
        open_console().print(f"{clean(source.name)} now {state}.")


def find_source(store: Store, which: str) -> Source:
    """The source with this number, folder or name.

    Raises:
        NotFound: there is none.
        ConfigError: several have this name.
    """
    sources = store.sources()
    folder = str((Path.cwd() / Path(which).expanduser()).resolve())
    for exact in (
        [one for one in sources if str(one.id) == which],
        [one for one in sources if one.root == folder],
    ):
        if exact:
            return exact[0]
    named = [one for one in sources if one.name == which]
    if len(named) > 1:
        raise ConfigError(f"several sources are called {which}; give its number, as `airlock sources` lists it")
    if not named:
        raise NotFound(f"there is no source {which}; `airlock sources` lists them")
    return named[0]
