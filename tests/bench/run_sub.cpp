// SPDX-License-Identifier: BSD-3-Clause
//
// Modes sub, fanout and sleep: one publisher at the broker, devices receive.
#include <algorithm>

#include "bench/run.hpp"

namespace mqttsn::load {
namespace {

constexpr std::size_t kSendsOfATurn = 256;
constexpr double kBeforeWakeUpSeconds = 0.2;

class ReceivingRun : public Run {
  protected:
    ReceivingRun(Result& result, const PacerSettings& settings)
        : Run(result, SetUp::subscribe, result.options.devices),
          pacer_(settings),
          sequences_(settings.senders),
          payload_(options_.payload) {}

    /// How many devices a message is for.
    virtual std::uint32_t recipients() const { return 1; }

    void set_up() {
        open_broker("publisher");
        set_up_devices();
    }

    void publish_all() {
        begin_measuring();
        pacer_.start(begin_ns_);
        publishing_ = true;
        loop_until([this] { return pacer_.done(steady_ns()) || given_up(); });
        result_.lag_max_ns = pacer_.lag_max_ns();
        pacer_.stop();
    }

    void receive_all() {
        const bool interrupted = result_.interrupted;
        await_arrivals();
        result_.interrupted = result_.interrupted || interrupted;
        publishing_ = false;
        end_measuring();
    }

    std::uint64_t pump(std::uint64_t now_ns) override {
        if (!publishing_) {
            return kNever;
        }
        std::uint64_t now = now_ns;
        for (std::size_t sends = 0; sends < kSendsOfATurn && !broker_is_behind(); ++sends) {
            const std::optional<std::size_t> to = pacer_.take(now);
            if (!to) {
                break;
            }
            now = steady_ns();
            const Stamp stamp{result_.run, static_cast<std::uint32_t>(*to), sequences_[*to]++, now};
            write_payload(stamp, payload_.data(), payload_.size());
            clients_[0]->publish(fleet_.topic(*to), static_cast<std::uint8_t>(options_.qos),
                                 Bytes{payload_.data(), payload_.size()});
            result_.counters.sent += recipients();
        }
        if (options_.rate <= 0 && pacer_.in_flight() > 0 && stalled(now)) {
            ++result_.counters.stalls;
            last_arrival_ns_ = now;
            pacer_.write_off();
        }
        // The broker's answers, or room in its socket, wake the loop when there is a reason to ask again.
        return broker_is_behind() ? kNever : pacer_.next_ns(now);
    }

    /// At QoS 1 and 2 a lost message holds its place in the window for ever.
    bool given_up() const {
        return options_.qos > 0 && options_.rate <= 0 && pacer_.in_flight() > 0 &&
               steady_ns() > last_arrival_ns_ + static_cast<std::uint64_t>(options_.settle_s * 1e9);
    }

    void on_device_message(std::size_t device, Bytes payload, bool topic_known,
                           std::uint64_t now_ns) override {
        Stamp stamp;
        if (!is_ours(payload, stamp)) {
            return;
        }
        if (!topic_known || stamp.stream >= sequences_.size() ||
            (recipients() == 1 && stamp.stream != device)) {
            note_wrong_recipient();
            return;
        }
        on_arrival(device, stamp, now_ns);
    }

    void go() override {
        set_up();
        if (!over()) {
            publish_all();
            receive_all();
        }
    }

    virtual void on_arrival(std::size_t device, const Stamp& stamp, std::uint64_t now_ns) {
        const std::uint32_t advanced = arrive(device, stamp, now_ns);
        if (advanced > 0) {
            pacer_.answered(device, advanced);
        }
    }

    Pacer pacer_;
    std::vector<std::uint32_t> sequences_;  // the next one of each stream
    std::vector<std::uint8_t> payload_;
    bool publishing_ = false;
};

PacerSettings settings_of(const LoadOptions& options) {
    PacerSettings settings;
    settings.senders = options.mode == Mode::fanout ? 1 : options.devices;
    settings.each_max = options.mode == Mode::fanout ? 1 : options.device_window;
    settings.window = options.mode == Mode::fanout ? 1 : options.window;
    settings.rate = options.rate;
    settings.count = options.count;
    settings.duration_ns = options.seconds > 0 ? static_cast<std::uint64_t>(options.seconds * 1e9) : kNever;
    if (options.rate > 0) {
        settings.each_max = UINT32_MAX;  // an open loop does not wait for anybody
    }
    if (options.mode == Mode::sleep) {
        settings.count = options.count * options.devices;
        settings.window = UINT64_MAX;  // nobody answers
        settings.each_max = UINT32_MAX;
    }
    return settings;
}

class SubRun final : public ReceivingRun {
  public:
    explicit SubRun(Result& result) : ReceivingRun(result, settings_of(result.options)) {}
};

class FanoutRun final : public ReceivingRun {
  public:
    explicit FanoutRun(Result& result) : ReceivingRun(result, settings_of(result.options)) {}

  private:
    std::uint32_t recipients() const override { return options_.devices; }

    /// The next message goes out when all have this one.
    void on_arrival(std::size_t device, const Stamp& stamp, std::uint64_t now_ns) override {
        const bool newest = stamp.sequence + 1 == sequences_[0];
        if (arrive(device, stamp, now_ns) == 0 || !newest) {
            return;
        }
        if (newest_ != stamp.sequence || have_it_ == 0) {
            newest_ = stamp.sequence;
            have_it_ = 0;
        }
        if (++have_it_ == options_.devices) {
            have_it_ = 0;
            pacer_.answered(0);
        }
    }

    std::uint32_t newest_ = 0;
    std::uint32_t have_it_ = 0;
};

class SleepRun final : public ReceivingRun {
  public:
    explicit SleepRun(Result& result)
        : ReceivingRun(result, settings_of(result.options)), wake_ups_(options_.devices) {}

  private:
    void go() override {
        set_up();
        put_to_sleep();
        if (over()) {
            return;
        }
        publish_all();
        const bool interrupted = take_interrupt();
        // Each PUBACK says that the broker has it; then it also needs its way into the gateway.
        loop_until([this] { return clients_[0]->unacknowledged() == 0; }, options_.settle_s);
        loop_until([] { return false; }, kBeforeWakeUpSeconds);
        publishing_ = false;
        wake_all();
        if (result_.interrupted) {
            note_cut_short();
        }
        result_.interrupted = result_.interrupted || interrupted;
        end_measuring();
    }

    void put_to_sleep() {
        std::size_t next = 0;
        loop_until([&] {
            while (next < options_.devices && next - fleet_.asleep() < options_.connect_window) {
                fleet_.go_to_sleep(next++, steady_ns());
            }
            return fleet_.asleep() == options_.devices || result_.counters.gave_up > 0;
        });
        if (result_.counters.gave_up > 0) {
            fail("the gateway did not answer DISCONNECT with a duration: it does not know sleeping devices");
        }
    }

    void wake_all() {
        last_arrival_ns_ = begin_ns_ = steady_ns();
        for (std::size_t device = options_.devices; device > 0; --device) {
            waiting_.push_back(device - 1);
        }
        loop_until([this] {
            while (!waiting_.empty() && awake_ < options_.connect_window) {
                const std::size_t device = waiting_.back();
                waiting_.pop_back();
                ++awake_;
                ++wake_ups_[device];
                fleet_.wake_up(device, steady_ns());
            }
            return awake_ == 0;
        });
    }

    void on_woken(std::size_t device, std::uint64_t) override {
        --awake_;
        const std::uint32_t missing = sequences_[device] - ledger_.arrived(device);
        if (wake_ups_[device] == 1) {
            result_.counters.in_first_wake_up += ledger_.arrived(device);
        }
        if (missing > 0 && wake_ups_[device] < options_.wake_ups) {
            waiting_.push_back(device);
        }
    }

    std::vector<std::uint32_t> wake_ups_;
    std::vector<std::size_t> waiting_;
    std::size_t awake_ = 0;
};

}  // namespace

std::unique_ptr<Run> make_sub_run(Result& result) {
    return std::make_unique<SubRun>(result);
}

std::unique_ptr<Run> make_fanout_run(Result& result) {
    return std::make_unique<FanoutRun>(result);
}

std::unique_ptr<Run> make_sleep_run(Result& result) {
    return std::make_unique<SleepRun>(result);
}

}  // namespace mqttsn::load
