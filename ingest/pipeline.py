"""One ingest, told top to bottom: find, read, label, chunk, embed, save. One transaction per document."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ingest.cage import Cage
from ingest.find import Found, find_files, look_at
from ingest.label_files import digest_of
from ingest.labelling import Labeller
from ingest.lock import writing
from ingest.plan import make_plan
from ingest.reading import Reader
from ingest.records import ParsedDocument
from ingest.reembed import ensure_model
from ingest.reports import FileReport, IngestReport, Meter, Progress
from ingest.saving import Saver
from ingest.vectors import Stopped, Vectors
from rag.config import Settings
from rag.detect.looking import Looking
from rag.errors import IngestError
from rag.policy.labels import Label, LabelSource
from rag.records import DocumentStatus, Source
from rag.retrieval.embed import Embedder
from rag.store import Store

__all__ = ["FileReport", "IngestReport", "Ingester", "Progress", "parse_for_view"]

UNKNOWN_KEY = "unknown_share"
SAMPLED_CHUNKS = 400


@dataclass(frozen=True, slots=True)
class _Target:
    """What to ingest: the root of a source, and the one file asked for when it was a file."""

    root: Path
    file: Path | None


class Ingester:
    """Takes folders into a store. With `looking`, what is embedded is also searched for identifiers."""

    def __init__(self, store: Store, embedder: Embedder, settings: Settings, looking: Looking | None = None) -> None:
        self._store = store
        self._embedder = embedder
        self._settings = settings
        self._looking = looking

    def ingest(
        self,
        folder: Path,
        *,
        label: Label | None = None,
        name: str | None = None,
        sample: bool = False,
        label_source: LabelSource = LabelSource.COMMAND_LINE,
        on_progress: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> IngestReport:
        """Bring the store in line with `folder`: what is new or changed is read, what has gone is removed.

        `folder` may also be one file; then only that file is touched, and `label` speaks for it alone. For a
        folder `label` becomes the source's label and stays until another is given. Setting `cancel` ends the
        ingest after the current batch: what was committed stays, nothing is half done.

        Raises:
            IngestError: there is no such folder or file; nothing was changed.
            Busy: another process is ingesting.
            IndexStale: the store was embedded with another model, and `cancel` was set before all of it was
                embedded again with this one.
            ConfigError: the parsers' process does not start.
        """
        meter = Meter(on_progress)
        cancel = cancel or threading.Event()
        with writing(self._settings.home):
            target = self._aim(folder)
            found = self._find(target)
            ensure_model(self._store, self._embedder, self._settings.ingest.batch, meter, cancel)
            source = self._open_source(target, name, sample, label, label_source)
            given = label if target.file is not None else source.default_label
            given_by = label_source if target.file is not None else source.default_label_source
            digest = digest_of(found.labels)
            labels_key = f"labels_digest:{source.id}"
            changed = target.file is None and self._store.meta(labels_key) not in (digest, None)
            labeller = Labeller(target.root, given, given_by, reconsider=changed)
            with Cage(self._settings.ingest) as cage:
                saver = self._run(source, found, labeller, cage, meter, cancel, target)
                guards = tuple(sorted(guard for guard, holds in cage.guards.items() if holds))
            if target.file is None and not saver.cancelled:
                self._store.set_meta(labels_key, digest)
            return self._report(source, saver, meter, guards)

    def _run(
        self,
        source: Source,
        found: Found,
        labeller: Labeller,
        cage: Cage,
        meter: Meter,
        cancel: threading.Event,
        target: _Target,
    ) -> Saver:
        """Do what the plan says, reading ahead in a thread while this one embeds and saves."""
        plan = make_plan(found, self._store.documents(source.id), labeller, whole=target.file is None)
        if plan.read:
            cage.start()
        meter.expect(len(found.files), sum(task.file.size for task in plan.read))
        vectors = Vectors(self._embedder, self._settings.ingest.batch)
        saver = Saver(
            self._store, self._embedder, vectors, self._settings.ingest, source, labeller, meter, cancel, self._looking
        )
        saver.keep(plan.same)
        saver.hold(plan.waiting)
        most = self._settings.ingest.max_file_megabytes * 1024 * 1024
        with Reader(cage, plan.read, plan.gone, labeller, most) as reader:
            try:
                for read in reader.results():
                    saver.take(read, more=not reader.waiting)
                    if cancel.is_set():
                        raise Stopped
                saver.flush()
            except Stopped:
                saver.cancelled = True
        if not saver.cancelled:
            saver.remove(plan.gone)
        meter.tell(at_once=True)
        return saver

    def _aim(self, folder: Path) -> _Target:
        """Where the source is rooted: the folder itself, or for a file the nearest known source above it,
        else the file's own folder."""
        path = folder.expanduser().absolute()
        if path.is_dir():
            return _Target(path.resolve(), None)
        if not path.exists():
            raise IngestError(f"{path}: there is no such folder or file; nothing was changed")
        path = path.parent.resolve() / path.name
        roots = [Path(source.root) for source in self._store.sources()]
        above = [root for root in roots if root in path.parents]
        return _Target(max(above, key=lambda root: len(root.parts), default=path.parent), path)

    def _find(self, target: _Target) -> Found:
        if target.file is None:
            return find_files(target.root, exclude=self._settings.home.resolve())
        file = look_at(target.root, target.file)
        if file is None:
            raise IngestError(f"{target.file}: this is not a regular file; nothing was changed")
        return Found((file,))

    def _open_source(
        self, target: _Target, name: str | None, sample: bool, label: Label | None, label_source: LabelSource
    ) -> Source:
        given = label if target.file is None else None
        return self._store.add_source(
            name or target.root.name or str(target.root),
            str(target.root),
            default_label=given,
            default_label_source=None if given is None else label_source,
            sample=sample,
        )

    def _report(self, source: Source, saver: Saver, meter: Meter, guards: tuple[str, ...]) -> IngestReport:
        documents = self._store.documents(source.id, status=DocumentStatus.READY)
        share = self._measure_unknown()
        self._store.set_meta(UNKNOWN_KEY, f"{share:.4f}")
        return IngestReport(
            source=self._store.source(source.id),
            files=tuple(sorted(saver.reports, key=lambda report: report.path)),
            unlabelled=sum(document.label_source is LabelSource.DEFAULT for document in documents),
            unknown_share=share,
            seconds=meter.seconds,
            guards=guards,
            cancelled=saver.cancelled,
        )

    def _measure_unknown(self) -> float:
        """The share of tokens of the whole store that the model does not know, from chunks spread over all
        of it."""
        ids = self._store.chunk_ids()
        step = max(1, len(ids) // SAMPLED_CHUNKS)
        return self._embedder.unknown_share([chunk.text for chunk in self._store.chunk_texts_of(ids[::step].tolist())])


def parse_for_view(path: Path, settings: Settings) -> ParsedDocument:
    """What the parser sees in the file at `path`; stores nothing. Raises as `Cage.parse` does."""
    with Cage(settings.ingest) as cage:
        return cage.parse(path)
