"""How long one film's counterfactual takes, for one finding, by every generator and latent shift that there are: making it, and
asking the explained network and its referees at seven strengths.

Wall time of this process with the threads of the settings, and beside it its processor time, which a busy machine hardly
touches.
"""

import time
from collections.abc import Iterator

from app.bench.figures import Figure
from app.classifiers.loading import Loaded
from app.classifiers.registry import Registry
from app.config import Settings
from app.counterfactuals import there
from app.domain import Image, Series, Window
from app.phantoms import chest
from app.reading import counterfactual

SIZE = 1024
"""Pixels along the side of the drawn film."""


def measure(repeat: int) -> Iterator[Figure]:
    """Per network and way the first finding that is offered: asked once, so that everything is loaded, then ``repeat`` times.
    Nothing where no network has a way."""
    settings = Settings()
    loaded = Loaded(Registry(settings.models), settings.device)
    film = chest.draw(5, ["Cardiomegaly", "Effusion"], size=SIZE)
    series = Series("1", "DX", (Image("1", 0, film.pixels, windows=(Window(2048, 4096),)),), "CHEST")
    for card in loaded.registry.cards():
        ways = there.ways(loaded.registry, card) if card.kind == "network" else {}
        for way in there.WAYS:
            finding = next((finding for finding, mine in ways.items() if way in mine), "")
            if not finding:
                continue
            counterfactual(loaded, card, series, finding, way=way)
            walls, processor = [], []
            for _ in range(repeat):
                wall, mine = time.perf_counter(), time.process_time()
                counterfactual(loaded, card, series, finding, way=way)
                walls.append(time.perf_counter() - wall)
                processor.append(time.process_time() - mine)
            name = f"counterfactual by {way}, {card.name}, {finding}, {SIZE} px"
            yield Figure(name, "s", tuple(walls))
            yield Figure(f"{name}, processor time", "s", tuple(processor))
