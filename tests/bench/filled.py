"""Getting the documents to where a measurement begins: into a pub, and into an esd."""

from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from tests.bench.documents import Documents
from tests.bench.esd_process import esd_process
from tests.bench.wire import documents_path

JSON = {"content-type": "application/json"}
PATIENCE = 120.0  # seconds


async def pull_into_esd(url: str, documents: Documents, work: Path) -> float:
    """The seconds of an empty esd's first run with what serves at *url*."""
    with TemporaryDirectory(dir=work) as temporary:
        async with esd_process(
            Path(temporary), documents.workspace, peer_url=url, metered=True
        ) as esd:
            done = await esd.sync()
            assert done["accepted"] == len(documents), done
            return float(done["seconds"])


async def fill_esd(folder: Path, documents: Documents) -> None:
    """Leave an esd's state with all documents in *folder*."""
    async with esd_process(folder, documents.workspace) as esd:
        await post(esd.url, documents)


async def post(url: str, documents: Documents) -> None:
    """Push all documents to what serves at *url*, which must take them."""
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:
        place = url + documents_path(documents.workspace)
        answer = await http.post(place, content=documents.body, headers=JSON)
        assert answer.json()["numIngested"] == len(documents), answer.text
