"""Work that comes by the clock: what ends on its day, what follows the ledger."""

import structlog
from celery import shared_task

from budgets.operations.core_entry import enter_core_due, settle_graduated
from budgets.operations.core_reviews import review_core
from budgets.operations.flex_steps import scale_all
from budgets.operations.gate_baselines import revoke_overtaken
from budgets.operations.gate_changes import revoke_changed
from budgets.operations.gate_rechecks import hasten_rechecks
from budgets.operations.gates import expire_gates
from budgets.operations.held import carry_out_due
from budgets.operations.initiatives import expire_due, settle_ended
from budgets.operations.leavers import replace_leavers, warn_of_leavers
from budgets.operations.probations import begin_probations, end_probations, warn_of_ends
from budgets.operations.stop_losses import fire_stop_losses
from budgets.operations.top_ups import top_up_experiments
from budgets.operations.true_ups import true_up_core
from budgets.operations.waivers import end_waivers
from budgets.operations.watch import watch_thresholds
from org.clock import Clock
from org.models import Company
from org.operations.clocked import clocked

log = structlog.get_logger()


@shared_task
@clocked
def sweep(clock: Clock) -> None:
    """End what is due, and return the money of what ended with calls unpriced."""
    if not Company.objects.exists():
        return  # not set up yet: there is no reporting day
    at = clock()
    if expired := expire_due(at=at):
        log.info("budgets.expired", initiatives=expired)
    if topped_up := top_up_experiments(at=at):
        log.info("budgets.topped_up", initiatives=topped_up)
    if stopped := fire_stop_losses(at=at):
        log.info("budgets.stopped", initiatives=stopped)
    if settled := settle_ended(at=at):
        log.info("budgets.settled", initiatives=settled)
    if gates := expire_gates(at=at):
        log.info("budgets.gates_expired", gates=gates)


@shared_task
@clocked
def sweep_core(clock: Clock) -> None:
    """Let graduations begin on their day, settle what is left, and end probations."""
    if not Company.objects.exists():
        return
    at = clock()
    if entered := enter_core_due(at=at):
        log.info("budgets.entered_core", initiatives=entered)
    if settled := settle_graduated(at=at):
        log.info("budgets.graduated_settled", initiatives=settled)
    if ended := end_probations(at=at):
        log.info("budgets.probations_ended", initiatives=ended)


@shared_task
@clocked
def watch_core(clock: Clock) -> None:
    """Review the months in core, follow late data, and put on probation what they call for."""
    if not Company.objects.exists():
        return
    at = clock()
    if reviews := review_core(at=at):
        log.info("budgets.core_reviewed", reviews=reviews)
    if trued_up := true_up_core(at=at):
        log.info("budgets.core_trued_up", initiatives=trued_up)
    if begun := begin_probations(at=at):
        log.info("budgets.probations_begun", initiatives=begun)
    warn_of_ends(at=at)


@shared_task
@clocked
def watch(clock: Clock) -> None:
    """Act on thresholds that are reached, and tell of owners who leave; replace them."""
    if not Company.objects.exists():
        return
    at = clock()
    watch_thresholds(at=at)
    warn_of_leavers(at=at)
    if handed_over := replace_leavers(at=at):
        log.info("budgets.handed_over", initiatives=handed_over)


@shared_task
@clocked
def watch_gates(clock: Clock) -> None:
    """Revoke the passes that a change or late data have overtaken; hasten those that moved."""
    if not Company.objects.exists():
        return
    at = clock()
    if gates := revoke_changed(at=at):
        log.info("budgets.gates_revoked", gates=gates)
    if gates := revoke_overtaken(at=at):
        log.info("budgets.baselines_revoked", gates=gates)
    if gates := hasten_rechecks(at=at):
        log.info("budgets.gates_hastened", gates=gates)


@shared_task
@clocked
def carry_out(clock: Clock) -> None:
    """Let the decisions take effect that nobody took back."""
    carry_out_due(at=clock())


@shared_task
@clocked
def scale_budgets(clock: Clock) -> None:
    """Let core budgets follow the volume of the periods that became known."""
    if not Company.objects.exists():
        return
    if steps := scale_all(at=clock()):
        log.info("budgets.flexed", steps=steps)


@shared_task
@clocked
def watch_waivers(clock: Clock) -> None:
    """Write down which waivers of the margin floor are over, and why."""
    if not Company.objects.exists():
        return
    if ended := end_waivers(at=clock()):
        log.info("budgets.waivers_ended", waivers=ended)
