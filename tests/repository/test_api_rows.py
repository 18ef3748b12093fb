# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What the API says about errors and about checks of add-ons, row by row, and the tests that fail if a row is broken.

`client` tests hold the collection to it, `simulator` tests the stand-in that the client is tested against.
"""

from __future__ import annotations

import ast
import functools
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
ROWS_OF_THE_CLIENT = "component/test_client_rows.py"
_FILES = {
    "client": "component/test_client.py",
    "rows": ROWS_OF_THE_CLIENT,
    "gate": "e2e/test_gate.py",
    "info": "e2e/test_check_info.py",
    "upgrade": "e2e/test_upgrade.py",
    "checks": "unit/plugins/module_utils/_rules/test_verdict.py",
    "rules": "unit/plugins/module_utils/_rules/test_gate.py",
    "shapes": "unit/plugins/module_utils/_api/test_refusals.py",
    "retries": "unit/plugins/module_utils/_api/test_retries.py",
    "faults": "simulator/tests/test_simulator_faults.py",
    "refusals": "simulator/tests/test_simulator_refusals.py",
    "sdk": "simulator/tests/test_simulator_sdk.py",
    "signatures": "simulator/tests/test_simulator_signatures.py",
    "state": "simulator/tests/test_simulator_state.py",
}


@dataclass(frozen=True)
class Row:
    """A row: what it says, and the tests of it, each a name in `_FILES` and a function."""

    says: str
    client: tuple[str, ...]
    simulator: tuple[str, ...]


ERRORS: dict[str, Row] = {
    # Who says it
    "E1 CCE": Row(
        "CCE names errorCode and errorMessage",
        ("rows:test_code_words_and_request_id_of_every_shape_are_told", "shapes:test_every_shape_of_an_error_is_read"),
        ("faults:test_an_error_has_the_shape_that_is_asked_for", "refusals:test_refused"),
    ),
    "E2 add-on manager": Row(
        "the add-on manager answers with a Status, and the cause in error.message",
        ("rows:test_code_words_and_request_id_of_every_shape_are_told", "shapes:test_every_shape_of_an_error_is_read"),
        (
            "refusals:test_a_version_that_is_not_on_offer_is_refused_in_the_very_words_that_were_seen",
            "faults:test_an_error_has_the_shape_that_is_asked_for",
        ),
    ),
    "E3 gateway": Row(
        "the gateway names error_code, error_msg and request_id, and no pause when it throttles",
        (
            "rows:test_the_throttle_of_the_gateway_is_told_in_its_words",
            "rows:test_a_wrong_signature_is_told_and_not_asked_again",
        ),
        (
            "faults:test_what_is_throttled_was_not_carried_out",
            "signatures:test_a_signature_with_one_thing_wrong_is_refused",
        ),
    ),
    "E4 IAM": Row(
        "IAM has two shapes, one without a code of its own",
        ("rows:test_code_words_and_request_id_of_every_shape_are_told", "shapes:test_every_shape_of_an_error_is_read"),
        (
            "signatures:test_a_wrong_login_is_refused",
            "signatures:test_a_project_of_somebody_else_gives_the_other_shape_of_iam",
        ),
    ),
    "E5 policy": Row(
        "what a policy denied has an opaque message that is passed on",
        (
            "rows:test_what_a_policy_denied_comes_with_its_opaque_message",
            "shapes:test_an_encoded_authorization_message_is_passed_on",
        ),
        (
            "sdk:test_a_denial_by_a_policy_has_an_opaque_message",
            "faults:test_a_denial_by_a_policy_has_an_opaque_message",
        ),
    ),
    "E6 no JSON": Row(
        "an empty body, a page of a proxy and JSON that is cut off are errors, too",
        (
            "rows:test_an_error_that_is_no_json_is_told_by_its_status",
            "rows:test_an_error_that_is_cut_off_is_told_by_its_status",
            "client:test_an_answer_that_the_api_does_not_give_is_an_error_and_no_hang",
        ),
        (
            "faults:test_an_error_can_be_empty_html_json_under_a_wrong_name_or_anything",
            "faults:test_a_body_is_shorter_and_the_answer_sound_all_the_same",
        ),
    ),
    "E7 request id": Row(
        "the request id of the header is in every message",
        (
            "rows:test_code_words_and_request_id_of_every_shape_are_told",
            "client:test_what_was_refused_is_not_asked_again",
        ),
        ("refusals:test_refused", "sdk:test_the_sdk_reads_code_message_and_request_id_of_a_refusal"),
    ),
    # What is done about it
    "E8 400": Row(
        "an invalid request is not repeated",
        ("rows:test_a_write_that_was_refused_is_not_sent_again", "client:test_what_was_refused_is_not_asked_again"),
        ("refusals:test_refused",),
    ),
    "E9 401": Row(
        "who is not known is asked for a fresh token once, if user and password are there",
        (
            "rows:test_after_a_401_a_user_logs_in_once_more_and_a_key_gives_up",
            "client:test_a_token_is_renewed_once_and_a_ready_one_never",
            "client:test_a_token_that_expires_in_the_middle_of_a_wait_is_renewed_silently",
        ),
        (
            "faults:test_all_tokens_expire_at_once",
            "faults:test_all_tokens_expire_before_the_request_that_is_meant",
            "faults:test_signed_requests_do_not_need_a_token",
            "signatures:test_a_token_ends_after_a_day",
        ),
    ),
    "E10 403": Row(
        "what is forbidden is not repeated",
        ("rows:test_a_write_that_was_refused_is_not_sent_again", "client:test_what_was_refused_is_not_asked_again"),
        ("refusals:test_refused",),
    ),
    "E11 404": Row(
        "what is not there is not asked for again",
        ("rows:test_a_write_that_was_refused_is_not_sent_again", "client:test_what_was_refused_is_not_asked_again"),
        ("refusals:test_refused",),
    ),
    "E12 409 CCE.01409002": Row(
        "after an outdated write, read and decide anew",
        (
            "rows:test_an_outdated_write_is_sent_again_after_a_look_only",
            "client:test_an_outdated_write_is_decided_anew",
        ),
        ("faults:test_the_code_of_an_error_can_be_chosen",),
    ),
    "E13 409 CCE.03409001": Row(
        "an add-on that is installed already is not installed again",
        (
            "rows:test_a_write_that_was_refused_is_not_sent_again",
            "client:test_an_add_on_that_somebody_else_installed_meanwhile_is_told",
        ),
        ("refusals:test_refused", "refusals:test_an_install_that_is_under_way_locks_the_add_on_and_no_other"),
    ),
    "E14 429 CCE.01429002": Row(
        "what met a lock was not carried out and may be sent again, whatever it is",
        (
            "rows:test_a_throttled_write_is_sent_again_and_done_once",
            "rows:test_throttled_checks_are_started_again_and_once",
            "client:test_a_write_that_met_a_lock_is_decided_anew",
            "client:test_a_lock_that_stays_is_told",
        ),
        (
            "refusals:test_a_second_write_is_refused_while_one_is_under_way",
            "refusals:test_the_lock_ends_with_the_write",
            "refusals:test_reads_and_checks_are_not_locked",
            "faults:test_what_is_throttled_was_not_carried_out",
        ),
    ),
    "E15 429 CCE.02429001, APIG.0308": Row(
        "what was throttled is sent again, whatever it is, after up to a minute",
        (
            "rows:test_a_throttled_write_is_sent_again_and_done_once",
            "rows:test_throttled_checks_are_started_again_and_once",
            "client:test_what_is_throttled_is_sent_again_whatever_it_is",
            "client:test_no_pause_goes_beyond_the_time_that_a_request_has",
            "retries:test_pauses_grow_and_obey_retry_after",
        ),
        ("faults:test_what_is_throttled_was_not_carried_out",),
    ),
    "E16 500": Row(
        "a read is repeated, a write only after a look at what happened",
        (
            "rows:test_a_read_is_repeated_whatever_cut_it_short",
            "client:test_a_read_that_failed_is_repeated",
            "client:test_a_read_is_not_repeated_for_ever",
            "rows:test_a_write_that_was_done_after_all_is_found_and_not_sent_again",
            "rows:test_a_write_that_was_not_done_is_told_and_not_sent_again",
        ),
        ("faults:test_an_error_comes_before_or_after_the_work_was_done",),
    ),
    "E17 502, 503, 504, reset, time-out": Row(
        "nobody knows whether it was carried out: the same",
        (
            "rows:test_a_read_is_repeated_whatever_cut_it_short",
            "rows:test_a_write_that_was_done_after_all_is_found_and_not_sent_again",
            "rows:test_a_write_that_was_not_done_is_told_and_not_sent_again",
            "client:test_an_upgrade_that_has_begun_after_all_is_awaited_and_not_sent_again",
            "client:test_an_upgrade_that_did_not_begin_is_not_sent_again_either",
            "client:test_checks_of_which_nobody_knows_whether_they_were_started_are_started_once_more",
            "client:test_a_check_that_somebody_else_starts_at_the_same_moment_is_not_taken_for_ones_own",
            "client:test_a_write_that_reads_do_not_show_yet_is_found",
            "rows:test_an_install_that_reads_do_not_show_yet_is_awaited",
            "rows:test_a_deletion_that_reads_do_not_show_yet_is_awaited",
            "rows:test_checks_that_reads_do_not_show_yet_are_awaited",
        ),
        (
            "faults:test_an_error_comes_before_or_after_the_work_was_done",
            "faults:test_the_connection_is_reset_before_or_after_the_work_was_done",
            "faults:test_an_answer_is_late_and_the_work_was_done_before_or_after",
        ),
    ),
    "E18 Retry-After": Row(
        "a pause that is asked for is obeyed, in seconds or as a date",
        (
            "rows:test_a_pause_that_is_asked_for_is_obeyed_in_both_forms",
            "rows:test_a_throttled_write_is_sent_again_and_done_once",
            "retries:test_pauses_grow_and_obey_retry_after",
        ),
        (
            "faults:test_what_is_throttled_was_not_carried_out",
            "faults:test_the_pause_of_a_throttle_can_be_a_date",
            "faults:test_an_error_can_have_headers_and_a_pause",
        ),
    ),
}

CHECKS: dict[str, Row] = {
    # Creating
    "C1 kinds": Row(
        "a static check looks at what runs, one before an upgrade needs a target that is on offer",
        (
            "rows:test_a_check_of_the_running_add_on_names_no_target",
            "rows:test_one_request_checks_all_add_ons_with_what_the_upgrade_would_send",
        ),
        ("refusals:test_refused", "state:test_a_static_check_does_not_validate_values"),
    ),
    "C2 template and instance": Row(
        "each entry names the template and the uid of the instance",
        ("rows:test_one_request_checks_all_add_ons_with_what_the_upgrade_would_send",),
        ("refusals:test_refused",),
    ),
    "C3 values": Row(
        "the check gets the very values of the upgrade, and CCE validates them by its rules",
        (
            "rows:test_one_request_checks_all_add_ons_with_what_the_upgrade_would_send",
            "gate:test_the_check_gets_the_values_of_the_upgrade",
            "rules:test_a_check_with_other_settings_does_not_count",
        ),
        (
            "state:test_values_that_the_upgrade_would_refuse_are_found_by_its_check",
            "state:test_a_check_without_values_looks_at_those_of_the_add_on",
        ),
    ),
    "C4 one call": Row(
        "one call takes many add-ons",
        ("rows:test_one_request_checks_all_add_ons_with_what_the_upgrade_would_send",),
        (
            "state:test_one_request_checks_many_add_ons_and_each_has_a_task_id",
            "refusals:test_one_bad_entry_refuses_all_checks_of_a_request",
        ),
    ),
    # Reading
    "C5 filters": Row(
        "tasks are filtered by type, task_id and addon_instance_id",
        ("rows:test_filters_are_applied_to_all_tasks", "info:test_filters_latest_and_query"),
        ("sdk:test_filters_of_checks",),
    ),
    "C6 task": Row(
        "a task has metadata, spec and status, and an end of its life once it is finished",
        ("checks:test_an_item_is_read_whole", "checks:test_an_expired_result_does_not_count"),
        ("sdk:test_read_checks", "faults:test_the_level_of_a_risk_means_nothing_before_it_is_done"),
    ),
    "C7 statuses and levels": Row(
        "Init and Running are not done; Failed has risks, Success none; Fatal blocks, a Warning may pass",
        (
            "rows:test_the_words_that_are_known_have_their_meaning",
            "checks:test_the_verdict_is_that_of_the_table",
            "checks:test_nothing_but_success_and_known_warnings_passes",
        ),
        ("sdk:test_read_checks", "state:test_pods_that_are_not_ready_are_found_by_both_kinds_of_checks"),
    ),
    "C8 old tasks": Row(
        "old tasks stay in the list: the newest of the wanted type and target counts",
        (
            "rows:test_old_tasks_do_not_count_once_there_is_a_newer_one",
            "rules:test_the_newest_check_counts_and_older_ones_do_not",
            "rules:test_a_newer_check_of_something_else_does_not_count",
            "checks:test_a_result_about_something_else_does_not_count",
        ),
        ("state:test_old_tasks_are_kept_and_the_newest_is_first",),
    ),
    # Contradictions
    "C9 contradiction 1": Row(
        "items is an array or one object",
        (
            "rows:test_the_fatal_risk_is_seen_in_every_shape",
            "info:test_every_shape_gives_the_same_result",
            "checks:test_every_documented_shape_is_read_alike",
        ),
        ("faults:test_one_task_can_be_an_object",),
    ),
    "C10 contradiction 2": Row(
        "riskList is in status or beside it",
        (
            "rows:test_the_fatal_risk_is_seen_in_every_shape",
            "checks:test_every_documented_shape_is_read_alike",
            "checks:test_both_places_of_the_risk_list_count",
        ),
        ("faults:test_risks_can_stand_beside_the_status",),
    ),
    "C11 contradiction 3": Row(
        "createTimeStamp or createTimestamp",
        ("rows:test_the_fatal_risk_is_seen_in_every_shape", "checks:test_every_documented_shape_is_read_alike"),
        ("faults:test_the_time_of_creation_can_be_spelt_otherwise",),
    ),
    "C12 contradiction 4": Row(
        "created tasks are in status.items or in status.itemsStatus",
        (
            "rows:test_created_tasks_are_found_wherever_their_ids_are",
            "info:test_task_ids_hidden_by_the_create_answer_are_found",
            "checks:test_created_tasks_are_read_under_both_names",
        ),
        ("faults:test_created_tasks_can_be_hidden_under_another_name",),
    ),
    "C13 contradiction 5": Row(
        "the level of a risk that is not done means nothing",
        ("rows:test_the_level_of_a_risk_that_is_not_done_yet_is_not_believed",),
        ("faults:test_the_level_of_a_risk_means_nothing_before_it_is_done",),
    ),
    "C14 contradiction 6": Row(
        "times have six digits after the second, or nine",
        (
            "rows:test_the_newer_of_two_checks_within_a_microsecond_counts",
            "rows:test_the_fatal_risk_is_seen_in_every_shape",
            "checks:test_the_newest_task_of_each_instance_and_type_is_found_to_the_nanosecond",
        ),
        ("faults:test_times_can_have_nanoseconds",),
    ),
    "C15 contradiction 7": Row(
        "currentCount counts all tasks, or those that were returned",
        (
            "rows:test_where_the_count_is_too_large_nothing_is_known",
            "info:test_where_tasks_are_counted_but_not_returned_nothing_is_known",
        ),
        ("faults:test_the_count_can_be_any_number_or_that_of_what_was_returned",),
    ),
    "C16 contradiction 8": Row(
        "a Failed task may come without its risks",
        ("rows:test_what_is_not_known_to_be_safe_blocks", "info:test_what_is_not_known_blocks"),
        ("faults:test_the_risks_of_a_failed_task_can_be_null_or_missing",),
    ),
    "C17 seen": Row(
        "the official SDK loses risks, times and task ids where the answer is that of the example",
        ("rows:test_the_fatal_risk_is_seen_in_every_shape", "rows:test_created_tasks_are_found_wherever_their_ids_are"),
        (
            "sdk:test_the_sdk_loses_risks_and_times_of_the_example_of_the_api_page",
            "sdk:test_create_checks_in_the_form_that_the_sdk_knows",
        ),
    ),
    "C18 unknown": Row(
        "what is not known to be safe blocks",
        (
            "rows:test_what_is_not_known_to_be_safe_blocks",
            "rows:test_a_list_that_is_missing_is_not_taken_for_passed",
            "info:test_no_result_at_all_blocks",
            "checks:test_a_missing_part_is_never_invented",
        ),
        ("faults:test_words_can_be_new_ones", "faults:test_fields_can_be_dropped_null_or_anything"),
    ),
    # Risks
    **{
        f"C{number} {name}": Row(
            says,
            (
                "rows:test_every_risk_is_judged_by_its_level_and_comes_with_a_way_out",
                "checks:test_every_risk_says_what_to_do",
            ),
            simulator,
        )
        for number, (name, says, simulator) in enumerate(
            (
                (
                    "AddonStatus",
                    "not all pods are ready",
                    (
                        "state:test_pods_that_are_not_ready_are_found_by_both_kinds_of_checks",
                        "state:test_the_status_of_an_add_on_is_looked_at_from_a_certain_version_of_the_cluster",
                    ),
                ),
                (
                    "AddonValidate",
                    "the values are wrong, or the configuration drifted",
                    (
                        "state:test_values_that_the_upgrade_would_refuse_are_found_by_its_check",
                        "state:test_a_drifted_config_map_is_fatal_unless_the_values_say_what_becomes_of_it",
                    ),
                ),
                (
                    "K8sResourceModified",
                    "somebody changed resources with kubectl",
                    (
                        "state:test_resources_changed_with_kubectl_are_found_for_two_add_ons",
                        "state:test_resources_changed_with_kubectl_are_found_from_a_certain_version_of_the_cluster",
                    ),
                ),
                (
                    "certificate",
                    "a weak certificate stops the controller from 3.0.7",
                    ("state:test_a_weak_certificate_stops_the_upgrade_to_a_newer_openssl",),
                ),
                (
                    "default backend",
                    "its Service is missing",
                    ("state:test_a_missing_default_backend_is_found_by_both_kinds_of_checks",),
                ),
                (
                    "IngressClass",
                    "Ingresses without a class would be ignored from 2.0.0",
                    ("state:test_ingresses_without_a_class_stop_the_upgrade_to_the_second_generation",),
                ),
                (
                    "snippets",
                    "snippet annotations are off by default from 2.4.6",
                    ("state:test_snippets_are_a_warning_unless_the_values_allow_them",),
                ),
                (
                    "other names",
                    "names are open-ended",
                    ("state:test_risks_with_any_name_can_be_added_for_one_kind_of_check_or_both",),
                ),
            ),
            start=19,
        )
    },
    # parameterSyncStrategy
    "C27 ensureConsistent": Row(
        "a ConfigMap that was modified by hand blocks the upgrade",
        (
            "rows:test_the_strategy_decides_what_becomes_of_a_change_made_by_hand",
            "gate:test_a_fatal_risk_stops_the_play_before_anything_is_changed",
        ),
        (
            "state:test_a_drifted_config_map_is_fatal_unless_the_values_say_what_becomes_of_it",
            "state:test_the_strategy_decides_what_becomes_of_a_drift",
        ),
    ),
    "C28 inherit": Row(
        "what was made by hand is kept",
        (
            "rows:test_the_strategy_decides_what_becomes_of_a_change_made_by_hand",
            "gate:test_an_upgrade_keeps_every_setting_and_sets_the_strategy_back",
        ),
        ("state:test_the_strategy_decides_what_becomes_of_a_drift",),
    ),
    "C29 force": Row(
        "what was made by hand is lost",
        ("rows:test_the_strategy_decides_what_becomes_of_a_change_made_by_hand",),
        ("state:test_the_strategy_decides_what_becomes_of_a_drift",),
    ),
    "C30 back": Row(
        "after the upgrade it is set back to ensureConsistent, by an edit",
        (
            "gate:test_an_upgrade_keeps_every_setting_and_sets_the_strategy_back",
            "gate:test_the_strategy_is_set_back_when_the_upgrade_fails",
            "upgrade:test_a_leftover_strategy_is_set_back",
        ),
        ("state:test_an_edit_does_not_fail_for_a_drift_that_stays", "sdk:test_edit"),
    ),
}
ROWS = {**ERRORS, **CHECKS}


@functools.cache
def functions_of(file: str) -> Counter[str]:
    """Return the test functions of a module with how often each is there: the last of two would hide the first."""
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return Counter(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    )


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("side", ["client", "simulator"])
def test_a_row_has_tests_on_both_sides_and_they_are_there(row, side):
    named = getattr(row, side)
    assert named
    assert len(set(named)) == len(named)
    for test in named:
        file, _colon, function = test.partition(":")
        assert functions_of(_FILES[file])[function] == 1, f"{_FILES[file]} has no {function}, or two"


def test_every_test_of_the_rows_of_the_client_belongs_to_a_row():
    named = {test.removeprefix("rows:") for row in ROWS.values() for test in row.client}
    assert set(functions_of(ROWS_OF_THE_CLIENT)) <= named


def test_rows_are_numbered_without_a_gap():
    for letter, rows in (("E", ERRORS), ("C", CHECKS)):
        assert [row.split()[0] for row in rows] == [f"{letter}{number + 1}" for number in range(len(rows))]
