"""`airlock label`: the owner says how sensitive something is. Kept, audited, stronger than any file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated

import typer

from rag.errors import ConfigError, NotFound
from web.inside import Inside
from web.terminal import ask_yes, clean, is_terminal, open_console, print_json

if TYPE_CHECKING:
    from rag.policy.labels import Label
    from rag.records import Document, Source
    from rag.store import Store


def add_to(app: typer.Typer) -> None:
    """Put the command on `app`."""
    app.command("label")(label)


@dataclass(frozen=True, slots=True)
class Target:
    """What a path names: documents of one source. `whole` when it is the source's own folder."""

    source: Source
    documents: tuple[Document, ...]
    whole: bool


def label(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="A document or folder that was ingested.")],
    word: Annotated[str, typer.Argument(help="public, internal, confidential or restricted.", metavar="LABEL")],
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; kept with the change.")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Lower labels that somebody set without asking.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say how sensitive a document or folder is. Stronger than labels.toml and front matter.

    A path may be absolute, from here, or from the source's folder, as answers
    print it. Nothing is read again; every change is audited.

    \b
      airlock label ~/handbook internal
      airlock label board/minutes.md confidential --reason "names a person"
    """
    from rag.policy.labels import LabelSource, parse_label

    try:
        wanted = parse_label(word)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    with Inside.of(context).store() as store:
        target = find_target(store, path)
        _allow_lowering(target, wanted, yes=yes, person=is_terminal() and not as_json)
        with store.transaction():
            if target.whole:
                store.set_source_label(target.source.id, wanted, LabelSource.COMMAND_LINE, reason=reason)
            changed = [
                document
                for document in target.documents
                if store.relabel_document(document.id, wanted, LabelSource.OWNER, reason=reason)
            ]
    if as_json:
        paths = [document.path for document in changed]
        print_json({"source": target.source.name, "label": wanted.word, "changed": len(paths), "paths": paths})
        return
    same = len(target.documents) - len(changed)
    unchanged = f"; {same} already were" if same else ""
    open_console().print(f"{len(changed)} of {clean(target.source.name)}'s documents are now {wanted}{unchanged}.")


def find_target(store: Store, path: Path) -> Target:
    """What `path` names: absolute, relative to here, or relative to exactly one source.

    Raises:
        NotFound: nothing that was ingested is there.
        ConfigError: several sources have something there; the message names them.
    """
    absolute = Path.cwd() / path.expanduser()
    for one in (absolute, absolute.resolve()):
        for source in store.sources():
            root = Path(source.root)
            if one == root or root in one.parents:
                target = _below(store, source, one.relative_to(root).as_posix())
                if target is not None:
                    return target
    inner = PurePosixPath(path.as_posix())
    if inner.is_absolute() or ".." in inner.parts or str(inner) == ".":
        raise NotFound(f"nothing that was ingested is at {path}; `airlock sources` lists the folders")
    found = [target for source in store.sources() if (target := _below(store, source, str(inner))) is not None]
    if len(found) > 1:
        roots = ", ".join(target.source.root for target in found)
        raise ConfigError(f"{path} is in several sources; give the whole path, in one of: {roots}")
    if not found:
        raise NotFound(f"nothing that was ingested is at {path}; `airlock sources` lists the folders")
    return found[0]


def _below(store: Store, source: Source, inner: str) -> Target | None:
    """The document at `inner`, or all below that folder; None when there are none."""
    if inner == ".":
        return Target(source, tuple(store.documents(source.id)), whole=True)
    document = store.find_document(source.id, inner)
    if document is not None:
        return Target(source, (document,), whole=False)
    below = tuple(one for one in store.documents(source.id) if one.path.startswith(inner + "/"))
    return Target(source, below, whole=False) if below else None


def _allow_lowering(target: Target, wanted: Label, *, yes: bool, person: bool) -> None:
    """Let labels that somebody set fall only by a deliberate word.

    Raises:
        ConfigError: nobody gave it.
    """
    lowered = [one for one in target.documents if one.label > wanted and one.label_source.value != "default"]
    if not lowered or yes:
        return
    question = f"{len(lowered)} documents have a higher label that somebody set. Lower them to {wanted}?"
    if not person or not ask_yes(question):
        raise ConfigError(f"nothing was changed: {len(lowered)} labels would fall to {wanted}; say --yes to lower them")
