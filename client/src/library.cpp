// SPDX-License-Identifier: BSD-3-Clause
//
// The library is one translation unit: what only one place calls then costs no call, and a firmware gets it small
// without link-time optimisation. names.cpp stays outside, for programs that want texts.
#include "topics.cpp"      // first: it knows nothing of the session
#include "topic_text.cpp"
#include "loop.cpp"
#include "connect.cpp"
#include "uplink.cpp"
#include "downlink.cpp"
#include "sleep.cpp"
#include "gateways.cpp"
#include "store.cpp"
#include "api.cpp"
