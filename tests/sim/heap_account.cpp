// SPDX-License-Identifier: BSD-3-Clause
#include "sim/heap_account.hpp"

namespace mqttsn::sim {

HeapAccount& heap_account() {
    thread_local HeapAccount account;
    return account;
}

}  // namespace mqttsn::sim
