# SPDX-License-Identifier: MIT
# tests/api: MPI programs that assert one promise each, run over both channels.

api_tests += \
    tests/api/abort_ends_with_its_code \
    tests/api/blocked_pair_is_ended_by_third \
    tests/api/exit_without_finalize_is_a_failure \
    tests/api/free_tells_of_a_lost_message \
    tests/api/cut_element_is_an_error_of_the_receive \
    tests/api/any_some_all_complete_each_once \
    tests/api/any_source_keeps_order \
    tests/api/buffered_sends_use_the_attached_buffer \
    tests/api/buffers_of_communicator_and_session \
    tests/api/cancel_is_all_or_nothing \
    tests/api/coll_blocking_forms \
    tests/api/coll_disagreeing_counts \
    tests/api/coll_intercommunicators \
    tests/api/coll_nonblocking_any_order \
    tests/api/coll_persistent_restarts \
    tests/api/coll_wrong_arguments \
    tests/api/comm_contexts_come_back \
    tests/api/comm_dup_copies_what_it_should \
    tests/api/comm_groups_make_communicators \
    tests/api/comm_idup_goes_on_alone \
    tests/api/comm_intercommunicators \
    tests/api/comm_split_by_color_and_key \
    tests/api/comm_split_by_hardware \
    tests/api/comm_threads_agree \
    tests/api/communicators_are_separate \
    tests/api/counts_of_partial_elements \
    tests/api/error_handlers_are_called \
    tests/api/finalize_calls_hooks_last_first \
    tests/api/flood_of_unexpected_messages \
    tests/api/freed_requests_complete \
    tests/api/init_and_finalize_queries \
    tests/api/large_count_forms \
    tests/api/large_message_is_overtaken_by_tag \
    tests/api/large_messages_cross \
    tests/api/many_posted_receives \
    tests/api/messages_over_2_gib \
    tests/api/messages_to_self \
    tests/api/modes_deliver_every_size \
    tests/api/mprobe_takes_the_message \
    tests/api/null_requests_complete_at_once \
    tests/api/order_per_source_tag_comm \
    tests/api/part_ends_match_in_order \
    tests/api/part_large_parts \
    tests/api/part_nothing_to_send \
    tests/api/part_random_cuts \
    tests/api/part_ready_parts_move_at_once \
    tests/api/part_threads_make_parts_ready \
    tests/api/part_wrong_use_is_told \
    tests/api/persistent_requests_restart \
    tests/api/probe_shows_what_recv_gets \
    tests/api/proc_null_is_a_partner \
    tests/api/receives_match_in_posting_order \
    tests/api/request_get_status_keeps_the_request \
    tests/api/sendrecv_forms \
    tests/api/session_any_time_functions \
    tests/api/session_beside_the_world \
    tests/api/session_buffers_are_the_second_choice \
    tests/api/session_ends_without_loss \
    tests/api/session_hints_of_communicators \
    tests/api/session_intercommunicators \
    tests/api/session_makes_communicators \
    tests/api/session_raises_its_errors \
    tests/api/session_starts_beside_a_blocked_thread \
    tests/api/session_threads_do_not_mix \
    tests/api/synchronous_waits_for_match \
    tests/api/threads_mprobe_share_work \
    tests/api/threads_own_communicators \
    tests/api/threads_share_a_communicator \
    tests/api/threads_wait_without_polling_peers \
    tests/api/truncation_is_an_error_of_the_receive \
    tests/api/type_darray_deals_out_all \
    tests/api/type_f90_by_precision

EXTRA_DIST += tests/api/check.h tests/api/coll_model.h tests/api/sessions.h tests/api/threads.h
