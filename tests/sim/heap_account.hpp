// SPDX-License-Identifier: BSD-3-Clause
//
// How many blocks of the heap the gateway holds. The world marks the time that the gateway's code runs; a
// program that links heap_operators.cpp counts what is taken then and given back at any time. Without it the
// counts stay 0. Per thread, for one world at a time.
#ifndef TESTS_SIM_HEAP_ACCOUNT_HPP
#define TESTS_SIM_HEAP_ACCOUNT_HPP

#include <cstdint>

namespace mqttsn::sim {

struct HeapAccount {
    bool counting = false;    ///< the gateway's code runs
    std::int64_t blocks = 0;  ///< taken and not given back
    std::int64_t octets = 0;
};

HeapAccount& heap_account();

/// While it lives, what is allocated is the gateway's.
class InGateway {
  public:
    InGateway() : before_(heap_account().counting) { heap_account().counting = true; }
    ~InGateway() { heap_account().counting = before_; }
    InGateway(const InGateway&) = delete;
    InGateway& operator=(const InGateway&) = delete;

  private:
    bool before_;
};

}  // namespace mqttsn::sim

#endif
