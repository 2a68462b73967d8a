// SPDX-License-Identifier: BSD-3-Clause
//
// CMocka for C++. cmocka.h needs C headers before it and defines the macros `fail` and `skip`, which break
// <ios> when that comes later: so <ios> comes first and the macros go. A failing assert longjmps over
// destructors: no locks, threads, files or processes in a test body; fixtures own them (and a leak report
// after a red test is that).
#ifndef TESTS_SUPPORT_CMOCKA_HPP
#define TESTS_SUPPORT_CMOCKA_HPP

#include <ios>

#include <csetjmp>
#include <cstdarg>
#include <cstddef>
#include <cstdint>

extern "C" {
#include <cmocka.h>
}

#undef fail
#undef skip

#endif
