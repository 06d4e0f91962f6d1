"""Charts, made."""

from functools import partial

from countersign.v1.charts_pb2_grpc import add_ChartServiceServicer_to_server
from countersign_server.charts.loop import Clearing
from countersign_server.charts.media_files import MediaFolder
from countersign_server.charts.picture_cache import PictureCache
from countersign_server.charts.pictures import Pictures
from countersign_server.charts.rates import RateDesk
from countersign_server.charts.renderer import Renderer
from countersign_server.charts.report_desk import ReportDesk
from countersign_server.charts.service import ChartService
from countersign_server.parts.part import Ground, Part


def charts(ground: Ground) -> Part:
    """Make them."""
    settings, database, now = ground.settings, ground.database, ground.now
    renderer = Renderer(
        workers=settings.chart_workers,
        waiting_max=settings.charts_waiting_max,
        patience=settings.chart_patience,
    )
    lifetime = settings.chart_cache_lifetime
    pictures = Pictures(
        database=database,
        renderer=renderer,
        cache=PictureCache(bytes_max=settings.chart_cache_bytes, lifetime=lifetime),
        shared_lifetime=lifetime if settings.chart_cache_shared else None,
        now=now,
    )
    folder = MediaFolder(
        settings.media_dir or settings.data_dir / "media",
        lifetime=settings.media_lifetime,
        owner_bytes_max=settings.media_owner_bytes_max,
    )
    service = ChartService(
        database=database,
        wakeups=ground.wakeups,
        pictures=pictures,
        reports=ReportDesk(database=database, now=now),
        rates=RateDesk(database=database, wakeups=ground.wakeups, now=now),
        folder=folder,
        media_url=settings.media_url,
        now=now,
    )
    return Part(
        partial(add_ChartServiceServicer_to_server, service),
        (renderer.run, Clearing(database=database, folder=folder, now=now).run),
    )
