// SPDX-License-Identifier: BSD-3-Clause
//
// A device of the simulation: the real client library with its memory, and an application on it that
// connects, subscribes, publishes, sleeps and wakes by a pattern. It does no I/O: datagrams and the time go
// in, datagrams come out.
#ifndef TESTS_SIM_DEVICE_HPP
#define TESTS_SIM_DEVICE_HPP

#include <mqttsn/client.h>

#include <array>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "lossy/random.hpp"
#include "mqttsn/wire.hpp"
#include "sim/ledger.hpp"

namespace mqttsn::sim {

enum class Pattern : std::uint8_t {
    active,   ///< connects and stays
    sleeper,  ///< sleeps; wakes every wake_every, fetches what waits, sends what it has, sleeps
    visitor,  ///< connects every wake_every if it has something to send, sends it, disconnects
};
/// When a device writes its session to memory that outlives its RAM.
enum class Saves : std::uint8_t {
    never,
    before_sleep,  ///< and its RAM is off while it sleeps; lost in any other moment, all is lost
    always,        ///< before each datagram leaves and before each event is acted on
};
enum class TopicKind : std::uint8_t { name, predefined, two_octets };

/// Where a device is: at an address of its own, or behind a forwarder under a wireless node id.
struct Place {
    std::uint32_t forwarder = 0;  ///< 0 = none, else 1, 2 ...
    std::string node_id;          ///< octets; behind one forwarder no two devices may have the same
};

struct DeviceSettings {
    std::string client_id;
    /// In turn, the next one whenever its link is bound anew (lossy::LinkSettings::rebind) or World::move()
    /// says so. Empty: an address of its own, each time with another port.
    std::vector<Place> places;
    Pattern pattern = Pattern::active;
    bool clean_session = false;  ///< of every CONNECT
    bool will = false;           ///< see WillChecks for its topic and payload; QoS 1
    bool subscribes = false;     ///< to its own downlink topic (see World), at subscribe_qos
    std::uint8_t subscribe_qos = 2;
    bool subscribes_each_time = false;  ///< after every CONNECT: a shared session ends with the gateway
    std::vector<std::int8_t> publish_qos{
        1};                    ///< of its messages, in turn; -1..2 (-1 needs a topic that is no name)
    Micros publish_every{0};   ///< 0 = never
    Micros publish_jitter{0};  ///< 0..this later, evenly, each time
    Micros start_at{0};        ///< power on
    Micros publish_until{-1};  ///< -1 = to the end
    Micros wake_every{0};      ///< sleeper, visitor
    Saves saves = Saves::never;
    std::uint16_t sleep_s = 0;  ///< told to the gateway; 0 = wake_every * 1.5 + 10 s
    TopicKind topic = TopicKind::name;
    std::uint32_t topics = 1;  ///< publishes to so many topics in turn
    std::uint32_t payload_octets = 32;
    std::uint32_t backlog_max =
        1000;  ///< messages that the application keeps; more are not taken (MayBeLost, never sent)
    Micros reconnect_after{
        2'000'000};  ///< after LOST, DISCONNECTED or a refusal (congestion: congestion_wait_ms)
    // The client library's configuration, as in mqttsn_config.
    std::uint32_t retry_interval_ms = 10'000;
    std::uint8_t retry_count = 3;
    std::uint16_t keep_alive_s = 60;
    std::uint32_t congestion_wait_ms = 300'000;
    bool adaptive_retry = false;
    std::uint8_t queue_length = 4;  ///< for messages; one more is for a subscription
    std::uint8_t inbound_length = 8;
    std::uint16_t topic_memory_octets = 256;
    std::uint16_t datagram_octets_max = 1472;
};

struct DeviceStatistics {
    std::uint64_t datagrams_sent = 0;
    std::uint64_t octets_sent = 0;
    std::uint64_t datagrams_received =
        0;  ///< also those that came while its radio was off: not counted, they are lost
    std::uint64_t octets_received = 0;
    std::uint64_t connects = 0;  ///< CONNECTED events
    std::uint64_t lost = 0;      ///< LOST events
    std::uint64_t refused = 0;
    std::uint64_t wake_ups = 0;
    std::uint64_t wake_ups_cut_short = 0;  ///< ended by LOST or DISCONNECTED instead of AWAKE_DONE or ASLEEP
    std::uint64_t never_taken = 0;         ///< messages beyond backlog_max
    std::uint64_t restored = 0;            ///< sessions brought back from flash
    std::uint64_t refused_blobs = 0;       ///< and those that were damaged
    Micros radio_on{0};    ///< time in which it listens or sends: powered and neither asleep nor disconnected
    Micros airtime_up{0};  ///< its own transmissions
    Micros airtime_down{0};  ///< those to it
};

/// What the application of a device tells the outside. Default: nothing happens.
class DeviceObserver {
  public:
    virtual ~DeviceObserver() = default;
    /// A datagram to send.
    virtual void on_send(std::uint32_t device, Bytes datagram);
    /// The library took a datagram: it was expected.
    virtual void on_input(std::uint32_t device, Bytes datagram);
    /// DELIVERED for message `number`.
    virtual void on_delivered(std::uint32_t device, std::uint32_t number, int code);
    /// MESSAGE.
    virtual void on_message(std::uint32_t device, const mqttsn_event& event);
    /// CONNECTED; REFUSED, LOST, DISCONNECTED, CLOSED, ASLEEP, AWAKE_DONE.
    virtual void on_state(std::uint32_t device, const mqttsn_event& event);
    /// A datagram that was written, and power failed before it was sent.
    virtual void on_unsent(std::uint32_t device, Bytes datagram);
    /// Power has failed and taken its RAM; its flash is whole.
    virtual void on_power_lost(std::uint32_t device);
    /// What it had saved is damaged: it goes on without memory.
    virtual void on_memory_lost(std::uint32_t device);
    /// Its memory is gone: message `number` was in it, and had perhaps been sent.
    virtual void on_forgotten(std::uint32_t device, std::uint32_t number);
};

class Device {
  public:
    /// @param clock_offset_ms  the device's clock at virtual time 0; it wraps around like any 32-bit count
    Device(const DeviceSettings& settings, std::uint32_t index, std::uint64_t seed, Ledger& ledger,
           DeviceObserver& observer);
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;

    /// A datagram of the gateway. It is lost when the radio is off.
    void input(Micros now, Bytes datagram);
    /// Does what is due.
    void step(Micros now);
    /// When step() is due; Micros::max() = only a datagram changes anything.
    Micros next_step(Micros now) const;

    /// Power goes for a while. `keeps_memory`: as with RAM that stays powered; else the session and all
    /// messages in it are gone. `clean`: the first CONNECT afterwards asks for a clean session.
    void power_off(Micros now, Micros until, bool keeps_memory, bool clean);
    /// Power fails at moment number `points` of those in which the device pulls an event, writes or sends,
    /// and is back so much later. Only for one that always saves: its RAM is gone, its flash is not.
    /// @param damage  which bit of its flash is another one then
    void cut_power_at(std::uint32_t points, Micros off, std::optional<std::uint64_t> damage);
    /// ... now, if that moment has not come yet. @returns whether it had not
    bool cut_power_now(Micros now);
    /// One bit of what it has saved last is another one now. @returns false when it has saved nothing
    bool damage_flash(std::uint64_t bit);
    /// No new messages from now on.
    void stop_publishing() { publishing_ = false; }
    /// A visitor stays from now on, to get what is left for it.
    void stop_visiting() {
        settings_.pattern = settings_.pattern == Pattern::visitor ? Pattern::active : settings_.pattern;
    }
    /// Leave for good: clean session, DISCONNECT, off.
    void leave() { leaving_ = true; }
    /// Only what the test asks for happens: no pattern, no reconnects.
    void set_manual() { manual_ = true; }

    std::uint32_t index() const { return index_; }
    bool powered() const { return powered_; }
    bool radio_on() const;
    bool left() const { return leaving_ && !powered_; }
    /// Nothing of its own waits.
    bool idle() const { return app_.backlog.empty() && app_.in_library.empty(); }
    bool subscribed() const { return app_.subscribed || !settings_.subscribes; }
    mqttsn_state state() const {
        return dozing_         ? MQTTSN_STATE_ASLEEP
               : library_gone_ ? MQTTSN_STATE_DISCONNECTED
                               : mqttsn_get_state(&client_);
    }
    const DeviceSettings& settings() const { return settings_; }
    DeviceStatistics& statistics(Micros now);
    mqttsn_client& client() { return client_; }
    /// A message of the application; it goes into the backlog. @returns its number, or Ledger::kUnknown when
    /// there is no room
    std::uint32_t publish(Micros now, int qos, std::uint32_t topic);
    bool lost_memory() const { return lives_ > 1; }

    /// Topic of the kind of this device. Index: which of its `topics`.
    static std::string topic_text(const DeviceSettings& settings, std::uint32_t index, Way way,
                                  std::uint32_t topic, bool minus_one);
    static std::uint16_t topic_id(Way way, std::uint32_t topic, bool minus_one);

  private:
    struct Held {
        std::uint32_t number;
        std::uint16_t token;
        std::string payload;  // borrowed by the library
    };
    /// What the application remembers. A device that saves writes it together with its session.
    struct Application {
        std::deque<std::uint32_t> backlog;
        std::list<Held> in_library;  // its payloads must not move
        bool clean_next = false;
        bool leaving_asked = false;  // the clean CONNECT of leave() is on its way
        bool left_clean = false;
        bool subscribed = false;
        bool subscribing = false;
        bool waking = false;
        bool fetch_due = false;  // woken by CONNECT: PINGREQ follows
        Micros connect_at{0};
        Micros subscribe_at{0};
        Micros wake_at{0};
    };
    /// Memory that outlives RAM: two places for a session in turn, and a word that says which one is whole.
    struct Flash {
        std::array<std::vector<std::uint8_t>, 2> blobs;
        Application application;
        int newest = -1;    // -1 = none
        bool torn = false;  // the last write of the other one was cut short
    };

    std::uint32_t clock(Micros now) const;
    void begin_life(std::uint64_t seed);
    bool wake_up_library(Micros now);
    void pull_events(Micros now);
    void send_what_is_due(Micros now);
    // device_flash.cpp
    std::vector<std::uint8_t> saved() const;
    void write_flash();
    bool power_fails(Micros now);
    bool power_fails_in_a_write(Micros now);
    void lose_power(Micros now);
    void lose_ram();
    void forget_all(Micros until, bool clean);
    bool restore(Micros now);
    void doze_if_asleep(Micros now);
    void publish_what_is_due(Micros now);
    void fill_library();
    void act(Micros now);
    void connect(Micros now, bool clean);
    void subscribe(Micros now);
    void act_active(Micros now);
    void act_asleep(Micros now);
    void on_event(Micros now, const mqttsn_event& event);
    void connect_later(Micros now, Micros wait) { app_.connect_at = now + wait; }
    void count_radio(Micros now);
    mqttsn_topic own_topic(Way way, std::uint32_t topic, bool minus_one) const;
    bool wants_connection(Micros now) const;

    DeviceSettings settings_;
    std::uint32_t index_;
    lossy::Random random_;
    Ledger& ledger_;
    DeviceObserver& observer_;
    DeviceStatistics statistics_;
    std::uint32_t clock_offset_ms_;
    std::uint32_t lives_ = 0;

    mqttsn_client client_{};
    std::string will_topic_;
    std::string will_payload_;
    mqttsn_will will_{};
    mqttsn_config config_{};
    std::vector<mqttsn_slot> queue_;
    std::vector<std::uint8_t> topic_memory_;
    std::vector<mqttsn_inbound> inbound_;
    std::vector<std::uint8_t> datagram_;
    std::vector<std::string> topics_;  // names that the library borrows
    std::string filter_;

    Application app_;
    Flash flash_;
    std::vector<std::uint8_t> restored_;         // what the session was restored from, and borrows
    std::optional<std::uint32_t> power_points_;  // so many more, and power fails
    Micros off_for_{0};                          // then
    std::optional<std::uint64_t> damage_;        // of its flash, then
    bool library_gone_ = false;                  // its RAM is lost: only a blob can bring it back
    bool dozing_ = false;                        // in deep sleep: powered, but its RAM is not
    bool own_connect_ = false;                   // the application has asked for the CONNECT on its way
    std::uint64_t published_ = 0;
    bool powered_ = false;
    bool publishing_ = true;
    bool leaving_ = false;
    bool manual_ = false;
    bool radio_was_on_ = false;
    Micros power_at_;
    Micros publish_at_;
    Micros radio_since_{0};
};

}  // namespace mqttsn::sim

#endif
