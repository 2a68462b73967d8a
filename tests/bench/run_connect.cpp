// SPDX-License-Identifier: BSD-3-Clause
//
// Modes connect and idle: devices that connect, and devices that do nothing else.
#include "bench/run.hpp"

namespace mqttsn::load {
namespace {

class ConnectRun final : public Run {
  public:
    explicit ConnectRun(Result& result) : Run(result, SetUp::connect, 0) {}

  private:
    void go() override {
        begin_measuring();
        set_up_devices();
        last_arrival_ns_ = std::max(begin_ns_, fleet_.set_up_ns());
        end_measuring();
    }
    std::uint64_t pump(std::uint64_t) override { return kNever; }
};

class IdleRun final : public Run {
  public:
    explicit IdleRun(Result& result) : Run(result, SetUp::connect, 0) {}

  private:
    void go() override {
        set_up_devices();
        if (over()) {
            return;
        }
        begin_measuring();
        loop_until([] { return false; }, options_.hold_s);
        last_arrival_ns_ = steady_ns();
        end_measuring();
        await_silent_devices();
        const Counters& counters = result_.counters;
        if (fleet_.silent() == 0 && (counters.gave_up > 0 || counters.gateway_disconnects > 0)) {
            fail("idle devices lost the gateway: " + std::to_string(counters.gave_up) +
                 " PINGREQ without an answer, " + std::to_string(counters.gateway_disconnects) +
                 " DISCONNECT from it");
        }
    }
    std::uint64_t pump(std::uint64_t) override { return kNever; }
};

}  // namespace

std::unique_ptr<Run> make_connect_run(Result& result) {
    return std::make_unique<ConnectRun>(result);
}

std::unique_ptr<Run> make_idle_run(Result& result) {
    return std::make_unique<IdleRun>(result);
}

}  // namespace mqttsn::load
