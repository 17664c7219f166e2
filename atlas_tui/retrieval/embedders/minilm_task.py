"""In the worker's process: all-MiniLM-L6-v2 on onnxruntime."""

from __future__ import annotations

import os
import threading
from base64 import b64decode, b64encode
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from atlas_tui.errors import AtlasError
from atlas_tui.retrieval.embedders.minilm_files import ModelFiles
from atlas_tui.retrieval.worker import Line

if TYPE_CHECKING:
    from atlas_tui.retrieval.vectors.exact import CollectionVectors

TOKENS = 256
"""What the model reads of a text; it was trained on no more. A chunk of 800 characters has about 200."""
_BATCH = 16


class Task:
    """The model, once it is loaded."""

    GRACE = 0.0
    """What nobody waits for any more need not be brought to an end."""

    def load(
        self, line: Line, model: str, tokenizer: str, packaged: bool, compared: Sequence[str] | None
    ) -> dict[str, Any]:
        """Load it.

        Args:
            compared: the file of a library, a collection in it and the maker of its vectors: they are read meanwhile,
                for `nearest`, which will be called once.

        Raises:
            AtlasError: a packaged file is not the one that is known.
        """
        self._compared: Future[CollectionVectors] = Future()
        with ThreadPoolExecutor(1) as beside:
            checked = beside.submit(ModelFiles(Path(model), Path(tokenizer), packaged).check)
            # Before another thread wants numpy: where two import it at once, onnxruntime finds half of it and gives up.
            import onnxruntime  # type: ignore[import-untyped]
            from tokenizers import Tokenizer

            checked.result()
        if compared:
            threading.Thread(target=self._read, args=compared, daemon=True).start()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        if compared:
            # For one question: to improve the model's graph takes 130 ms, and makes a question 35 ms faster.
            options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        # Half of the processors: what the user looks at goes on beside it.
        options.intra_op_num_threads = max(1, (os.cpu_count() or 2) // 2)
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._wanted = {entry.name for entry in self._session.get_inputs()}
        self._tokenizer = Tokenizer.from_file(tokenizer)
        # The rest of a longer text is left out, here and knowingly; the model would do so in silence.
        self._tokenizer.enable_truncation(max_length=TOKENS)
        # To the longest text of a batch: Chroma's own function always pads to 256, which gives the same vectors and
        # takes 22 to 33 times as long for a question.
        self._tokenizer.enable_padding(pad_id=0, pad_token="[PAD]")
        return {"dimensions": self._session.get_outputs()[0].shape[-1]}

    def embed(self, line: Line, texts: list[str]) -> dict[str, Any]:
        """A vector for each text, in order, as base64 of float32 little-endian."""
        order = sorted(range(len(texts)), key=lambda index: len(texts[index]))  # little to pad
        vectors: dict[int, str] = {}
        for start in range(0, len(order), _BATCH):
            batch = order[start : start + _BATCH]
            for index, row in zip(batch, self._forward([texts[index] for index in batch]), strict=True):
                vectors[index] = b64encode(row.tobytes()).decode()
            line.progress(done=start + len(batch))  # a sign of life
        return {"vectors": [vectors[index] for index in range(len(texts))]}

    def nearest(self, line: Line, vector: str, k: int, allowed: list[int] | None) -> dict[str, Any]:
        """The `k` chunks whose vectors are nearest to this one, best first: `[id, cosine]`.

        Raises:
            AtlasError: the library cannot be read.
        """
        hits = self._compared.result().nearest(b64decode(vector), k, allowed)
        return {"hits": [(hit.id, hit.score) for hit in hits]}

    def _read(self, library: str, collection: str, model: str) -> None:
        from atlas_tui.retrieval.library import Library
        from atlas_tui.retrieval.vectors.exact import CollectionVectors

        vectors = CollectionVectors(Library(Path(library)).collection(collection), model)
        with suppress(AtlasError):  # which a question is told, if it still is so then
            vectors.catch_up()
        self._compared.set_result(vectors)

    def _forward(self, texts: list[str]) -> Any:
        import numpy as np

        encoded = self._tokenizer.encode_batch(texts)
        mask = np.array([one.attention_mask for one in encoded], dtype=np.int64)
        ids = np.array([one.ids for one in encoded], dtype=np.int64)
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = self._session.run(None, {name: value for name, value in given.items() if name in self._wanted})[0]
        weights = mask[:, :, None].astype(np.float32)
        mean = (hidden * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9)
        length = np.linalg.norm(mean, axis=1, keepdims=True)
        return (mean / np.maximum(length, 1e-12)).astype("<f4")
