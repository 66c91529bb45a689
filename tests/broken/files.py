"""Pipelines and tables that name what does not exist."""

from ferbench import Entry
from tests.broken import GOOD, Part, toml

for kind, file in (("pipeline", "good.toml"), ("table", "good-table.toml")):
    GOOD[kind] = Part(kind, Entry(f"good-{kind}", f"tests.broken:{file}", "keeps them all"))
toml("pipeline", "it_is_a_pipeline_of_its_name", "the file says name = 'another'", target="tests.broken:misnamed.toml")
toml("pipeline", "it_resolves_for_every_dataset", "no embedder 'nobodys'", target="tests.broken:unresolved.toml")
toml("pipeline", "its_datasets_exist", "no dataset 'nobodys'", target="tests.broken:stray.toml")
toml("table", "it_is_a_table", "sections", target="tests.broken:misnamed.toml")
toml("table", "its_cells_can_be_run", "has no classifier 'nobodys'", target="tests.broken:stray-table.toml")
