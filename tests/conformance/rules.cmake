# SPDX-License-Identifier: BSD-3-Clause
# Every rule has its test or an explanation, and RULES.md says which.
add_test(NAME conformance.rules_are_mapped COMMAND ${CMAKE_CURRENT_LIST_DIR}/rules.sh --check ${CMAKE_CURRENT_LIST_DIR}/..)
add_test(NAME conformance.rules_can_fail COMMAND ${CMAKE_CURRENT_LIST_DIR}/rules_can_fail.sh)
set_tests_properties(conformance.rules_are_mapped conformance.rules_can_fail PROPERTIES LABELS conformance TIMEOUT 60)
