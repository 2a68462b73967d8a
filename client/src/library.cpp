// SPDX-License-Identifier: BSD-3-Clause
//
// The library is one translation unit: what only one place calls then costs no call, and a firmware gets it
// small without link-time optimisation. names.cpp stays outside, for programs that want texts.
// NOLINTBEGIN(bugprone-suspicious-include): on purpose
#include "api.cpp"
#include "connect.cpp"
#include "downlink.cpp"
#include "gateways.cpp"
#include "loop.cpp"
#include "sleep.cpp"
#include "store.cpp"
#include "topic_text.cpp"
#include "topics.cpp"
#include "uplink.cpp"
// NOLINTEND(bugprone-suspicious-include)
