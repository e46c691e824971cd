"""Every program of the classic world, and each way that it and esd can meet.

A row is a program in one version, a column a way (`Way`); a cell is the conversation
that test_matrix.py has with the program, or nothing where the program has no such way:
a client is called by nobody, a pub calls nobody, nothing before version 5.5 is live and
no GraphQL server ever is. The README shows the matrix as a table (matrix_table.py).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from tests.peers.graphql import es4_graphql, real_graphql
from tests.peers.matrix_clients import client_cells
from tests.peers.matrix_esd import esd_cells
from tests.peers.matrix_graphql import GraphqlKind, graphql_cells
from tests.peers.matrix_pubs import PubKind, pub_cells
from tests.peers.matrix_stage import ES3, ES4, Cells, Conversation, Way
from tests.peers.old_pubs import WITH_ES3_ONLY, WITH_STREAMS, old_pub
from tests.peers.real import real_pub

__all__ = ["CELLS", "ROWS", "Row"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`found_in` names what people run it as. An *account* is no program from npm, but
    what is known of one, over the real earthstar of its day."""

    program: str
    found_in: str
    formats: Sequence[str]
    cells: Cells
    account: bool = False

    def cell_id(self, way: Way) -> str:
        return f"{self.program}-{way}"


_PUB_2 = PubKind(run=partial(old_pub, WITH_ES3_ONLY), format=ES3, streams=False)
_PUB_5 = PubKind(run=partial(old_pub, WITH_STREAMS), format=ES4, streams=True)
_PUB_6 = PubKind(run=real_pub, format=ES4, streams=True)
_GRAPHQL_3 = GraphqlKind(run=real_graphql, format=ES3)
_GRAPHQL_6 = GraphqlKind(run=es4_graphql, format=ES4, within="earthstar-5")

ROWS = (
    Row(
        program="earthstar 2.0.2",
        found_in="earthstar-cli 2, earthstar-wiki",
        formats=[ES3],
        cells=client_cells("earthstar-2"),
    ),
    Row(
        program="earthstar 3.1.1",
        found_in="earthstar-os",
        formats=[ES3],
        cells=client_cells("earthstar-3"),
    ),
    Row(
        program="earthstar 5.7.6",
        found_in="earthstar-cli 5, earthstar-foyer",
        formats=[ES4],
        cells=client_cells("earthstar-5"),
    ),
    Row(
        program="earthstar 6.8.5",
        found_in="earthstar-cli 6",
        formats=[ES4],
        cells=client_cells("earthstar-6"),
    ),
    Row(
        program="earthstar-pub 2.0.2",
        found_in="pubs of June 2020",
        formats=[ES3],
        cells=pub_cells(_PUB_2),
        account=True,
    ),
    Row(
        program="earthstar-pub 5.6.2",
        found_in="pubs of October 2020",
        formats=[ES4],
        cells=pub_cells(_PUB_5),
        account=True,
    ),
    Row(
        program="earthstar-pub 6.0.5",
        found_in="pubs of today",
        formats=[ES4],
        cells=pub_cells(_PUB_6),
    ),
    Row(
        program="earthstar-graphql 3.0.0",
        found_in="servers of August 2020",
        formats=[ES3],
        cells=graphql_cells(_GRAPHQL_3),
    ),
    Row(
        program="earthstar-graphql 6.1.1",
        found_in="servers of September 2020, earthstar-graphql-pub",
        formats=[ES4],
        cells=graphql_cells(_GRAPHQL_6),
        account=True,
    ),
    Row(
        program="esd",
        found_in="another machine",
        formats=[ES3, ES4],
        cells=esd_cells(),
    ),
)

CELLS: Mapping[str, Conversation] = {
    row.cell_id(way): conversation
    for row in ROWS
    for way, conversation in row.cells.items()
}
"""All that there is to try, by what a test of it is called."""
