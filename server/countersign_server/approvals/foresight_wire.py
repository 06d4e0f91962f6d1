"""What was foreseen of an opening, as the contract shows it."""

from collections.abc import Mapping

from countersign.v1 import approvals_pb2 as pb
from countersign_server.approvals.foresight import Figure, Foresight, Measure
from countersign_server.decimals import optional_text
from countersign_server.rpc.conversion import to_timestamp

_MEASURES: Mapping[Measure, pb.RiskMeasure] = {
    Measure.LOSS: pb.RISK_MEASURE_LOSS,
    Measure.MARGIN_LEVEL: pb.RISK_MEASURE_MARGIN_LEVEL,
    Measure.LEVERAGE: pb.RISK_MEASURE_LEVERAGE,
    Measure.LOTS: pb.RISK_MEASURE_LOTS,
    Measure.POSITIONS: pb.RISK_MEASURE_POSITIONS,
    Measure.CONDITION: pb.RISK_MEASURE_CONDITION,
    Measure.ORDERS: pb.RISK_MEASURE_ORDERS,
    Measure.MONEY_AT_RISK: pb.RISK_MEASURE_MONEY_AT_RISK,
}


def foresight_message(foresight: Foresight | None) -> pb.Foresight | None:
    """Return what was foreseen; None: nothing was to be."""
    if foresight is None:
        return None
    refusal = foresight.refusal
    return pb.Foresight(
        figures=map(_figure_message, foresight.figures),
        read_time=to_timestamp(foresight.read_at),
        stale=foresight.is_stale,
        refusal=refusal.reason if refusal else "",
    )


def _figure_message(figure: Figure) -> pb.RiskFigure:
    return pb.RiskFigure(
        reason=figure.reason,
        rule=figure.rule,
        measure=_MEASURES[figure.measure],
        now=optional_text(figure.now),
        after=optional_text(figure.after),
        limit=optional_text(figure.limit),
        breaks=figure.breaks,
        text=figure.text,
    )
