// SPDX-License-Identifier: BSD-3-Clause
#include "sim/device.hpp"

#include <algorithm>

#include "mqttsn/topic.hpp"
#include "sim/will_checks.hpp"

namespace mqttsn::sim {

namespace {

constexpr std::string_view kTwoOctetAlphabet =
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

Micros millis(std::int64_t count) {
    return Micros{count * 1000};
}

/// The number of a message's two-octet topic: different for all devices, ways and topics.
std::string two_octets(std::uint32_t number) {
    const auto size = static_cast<std::uint32_t>(kTwoOctetAlphabet.size());
    return {kTwoOctetAlphabet[number / size % size], kTwoOctetAlphabet[number % size]};
}

}  // namespace

void DeviceObserver::on_send(std::uint32_t, Bytes) {}
void DeviceObserver::on_input(std::uint32_t, Bytes) {}
void DeviceObserver::on_delivered(std::uint32_t, std::uint32_t, int) {}
void DeviceObserver::on_message(std::uint32_t, const mqttsn_event&) {}
void DeviceObserver::on_state(std::uint32_t, const mqttsn_event&) {}
void DeviceObserver::on_unsent(std::uint32_t, Bytes) {}
void DeviceObserver::on_power_lost(std::uint32_t) {}
void DeviceObserver::on_memory_lost(std::uint32_t) {}
void DeviceObserver::on_forgotten(std::uint32_t, std::uint32_t) {}

Device::Device(const DeviceSettings& settings, std::uint32_t index, std::uint64_t seed, Ledger& ledger,
               DeviceObserver& observer)
    : settings_(settings),
      index_(index),
      random_(seed),
      ledger_(ledger),
      observer_(observer),
      clock_offset_ms_(static_cast<std::uint32_t>(random_.next())),
      power_at_(settings.start_at),
      publish_at_(settings.start_at) {
    will_topic_ = WillChecks::topic_of(settings_.client_id);
    will_payload_ = WillChecks::payload_of(settings_.client_id);
    settings_.topics = std::max(settings_.topics, 1U);
    queue_.resize(settings.queue_length + 1U);  // one for a subscription
    topic_memory_.resize(settings.topic_memory_octets);
    inbound_.resize(settings.inbound_length);
    datagram_.resize(settings.datagram_octets_max);
    for (std::uint32_t topic = 0; topic < settings_.topics; ++topic) {
        topics_.push_back(topic_text(settings_, index, Way::up, topic, false));
    }
    filter_ = settings_.topic == TopicKind::name ? "down/" + settings_.client_id + "/+"
                                                 : topic_text(settings_, index, Way::down, 0, false);
    publish_at_ += random_.up_to(settings_.publish_every);
}

std::string Device::topic_text(const DeviceSettings& settings, std::uint32_t index, Way way,
                               std::uint32_t topic, bool minus_one) {
    const bool up = way == Way::up;
    if (minus_one && settings.topic != TopicKind::two_octets) {
        return "anonymous/" + std::to_string(topic);
    }
    if (settings.topic == TopicKind::two_octets) {
        return two_octets(index * 2 + (up ? 0 : 1));
    }
    return (up ? "up/" : "down/") + settings.client_id + "/" + std::to_string(topic);
}

std::uint16_t Device::topic_id(Way way, std::uint32_t topic, bool minus_one) {
    return static_cast<std::uint16_t>((minus_one ? 2000U : (way == Way::up ? 1U : 1000U)) + topic);
}

mqttsn_topic Device::own_topic(Way way, std::uint32_t topic, bool minus_one) const {
    if (settings_.topic == TopicKind::two_octets) {
        return mqttsn_topic_short(way == Way::up ? topics_[0].c_str() : filter_.c_str());
    }
    if (settings_.topic == TopicKind::predefined || minus_one) {
        return mqttsn_topic_predefined(topic_id(way, topic, minus_one));
    }
    return mqttsn_topic_name(way == Way::up ? topics_[topic].c_str() : filter_.c_str());
}

std::uint32_t Device::clock(Micros now) const {
    return static_cast<std::uint32_t>(now.count() / 1000) + clock_offset_ms_;
}

void Device::begin_life(std::uint64_t seed) {
    ++lives_;
    mqttsn_config_defaults(&config_, settings_.client_id.c_str());
    if (settings_.will) {
        will_.topic = will_topic_.c_str();
        will_.payload = will_payload_.data();
        will_.payload_octets = static_cast<std::uint16_t>(will_payload_.size());
        will_.qos = 1;
        config_.will = &will_;
    }
    config_.queue = queue_.data();
    config_.queue_length = static_cast<std::uint8_t>(queue_.size());
    config_.topic_memory = topic_memory_.empty() ? nullptr : topic_memory_.data();
    config_.topic_memory_octets = settings_.topic_memory_octets;
    config_.inbound = inbound_.empty() ? nullptr : inbound_.data();
    config_.inbound_length = settings_.inbound_length;
    config_.retry_interval_ms = settings_.retry_interval_ms;
    config_.retry_count = settings_.retry_count;
    config_.keep_alive_s = settings_.keep_alive_s;
    config_.congestion_wait_ms = settings_.congestion_wait_ms;
    config_.datagram_octets_max = settings_.datagram_octets_max;
    config_.adaptive_retry = settings_.adaptive_retry;
    config_.seed = static_cast<std::uint32_t>(seed | 1U);
    if (mqttsn_init(&client_, &config_) != MQTTSN_OK) {
        throw std::invalid_argument("the client library refuses the device's settings");
    }
}

bool Device::radio_on() const {
    const mqttsn_state now_in = state();
    return powered_ && lives_ > 0 && now_in != MQTTSN_STATE_ASLEEP && now_in != MQTTSN_STATE_DISCONNECTED;
}

void Device::count_radio(Micros now) {
    if (radio_was_on_) {
        statistics_.radio_on += now - radio_since_;
    }
    radio_since_ = now;
    radio_was_on_ = radio_on();
}

DeviceStatistics& Device::statistics(Micros now) {
    count_radio(now);
    return statistics_;
}

void Device::input(Micros now, Bytes datagram) {
    if (!radio_on()) {
        return;
    }
    ++statistics_.datagrams_received;
    statistics_.octets_received += datagram.size;
    // What is malformed, unexpected or comes too early is dropped by the library; that is its business.
    if (mqttsn_input(&client_, clock(now), datagram.data, datagram.size) == MQTTSN_OK) {
        observer_.on_input(index_, datagram);
    }
    // The MESSAGE event borrows the datagram: it is pulled before the caller gets the octets back.
    step(now);
}

/// Power is on, and the library has its memory. @returns false when there is nothing to do yet
bool Device::wake_up_library(Micros now) {
    if (!powered_) {
        if (leaving_ || now < power_at_) {
            return false;
        }
        powered_ = true;
    }
    if (dozing_ && now < app_.wake_at && !leaving_) {
        return false;
    }
    if (lives_ == 0) {
        begin_life(random_.next());
        write_flash();
    } else if (library_gone_ && !restore(now)) {
        forget_all(now, false);
        observer_.on_memory_lost(index_);
    }
    return true;
}

void Device::pull_events(Micros now) {
    mqttsn_event event;
    while (powered_ && mqttsn_next_event(&client_, &event)) {
        if (power_fails_in_a_write(now)) {
            return;
        }
        on_event(now, event);
        write_flash();
        if (power_fails(now)) {
            return;
        }
    }
}

void Device::send_what_is_due(Micros now) {
    while (const std::size_t size = mqttsn_output(&client_, clock(now), datagram_.data(), datagram_.size())) {
        if (power_fails_in_a_write(now)) {
            return;
        }
        write_flash();
        ++statistics_.datagrams_sent;
        statistics_.octets_sent += size;
        const Bytes datagram{datagram_.data(), size};
        if (power_fails(now)) {
            observer_.on_unsent(index_, datagram);
            return;
        }
        observer_.on_send(index_, datagram);
        if (power_fails(now)) {
            return;
        }
    }
}

void Device::step(Micros now) {
    if (!wake_up_library(now)) {
        return;
    }
    for (bool busy = true; busy && powered_;) {
        pull_events(now);
        if (powered_) {
            act(now);
            send_what_is_due(now);
        }
        busy = powered_ && mqttsn_next_timeout(&client_, clock(now)) == 0;
    }
    doze_if_asleep(now);
    count_radio(now);
}

Micros Device::next_step(Micros now) const {
    if (!powered_) {
        return leaving_ ? Micros::max() : power_at_;
    }
    if (dozing_) {
        return leaving_ ? now : app_.wake_at;
    }
    Micros next = Micros::max();
    const std::uint32_t wait = mqttsn_next_timeout(&client_, clock(now));
    if (wait != UINT32_MAX) {
        next = millis(now.count() / 1000 + wait);
    }
    const auto at = [&next](Micros time) { next = std::min(next, time); };
    if (publishing_ && settings_.publish_every.count() > 0) {
        at(publish_at_);
    }
    if (manual_) {
        return next;
    }
    const mqttsn_state in = state();
    if (in == MQTTSN_STATE_DISCONNECTED) {
        if (settings_.pattern != Pattern::visitor || leaving_) {
            at(app_.connect_at);
        } else if (!idle() || !subscribed()) {
            at(std::max(app_.connect_at, app_.wake_at));
        }
    } else if (in == MQTTSN_STATE_ASLEEP) {
        at(app_.wake_at);
    } else if (in == MQTTSN_STATE_ACTIVE && !subscribed() && !app_.subscribing) {
        at(app_.subscribe_at);
    }
    return next;
}

std::uint32_t Device::publish(Micros now, int qos, std::uint32_t topic) {
    if (app_.backlog.size() >= settings_.backlog_max) {
        ++statistics_.never_taken;
        return Ledger::kUnknown;
    }
    const std::uint32_t number = ledger_.add(index_, Way::up, qos, static_cast<std::uint16_t>(topic), now);
    ledger_.at(number).owed = true;
    app_.backlog.push_back(number);
    write_flash();
    return number;
}

void Device::publish_what_is_due(Micros now) {
    while (publishing_ && settings_.publish_every.count() > 0 && publish_at_ <= now) {
        if (settings_.publish_until.count() >= 0 && publish_at_ >= settings_.publish_until) {
            publishing_ = false;
            return;
        }
        const int qos = settings_.publish_qos[published_ % settings_.publish_qos.size()];
        publish(now, qos, static_cast<std::uint32_t>(published_ % settings_.topics));
        ++published_;
        publish_at_ += settings_.publish_every + random_.up_to(settings_.publish_jitter);
    }
}

/// Hands over as many messages as the library has slots for.
void Device::fill_library() {
    // Nothing is handed over before the session that is to carry it.
    while (!app_.clean_next && !app_.backlog.empty() && app_.in_library.size() < settings_.queue_length) {
        const std::uint32_t number = app_.backlog.front();
        const MessageRecord& record = ledger_.at(number);
        app_.in_library.push_back(Held{number, 0, Ledger::payload(number, settings_.payload_octets)});
        Held& held = app_.in_library.back();
        const mqttsn_status status =
            mqttsn_publish(&client_, own_topic(Way::up, record.topic, record.qos < 0), held.payload.data(),
                           held.payload.size(), record.qos, false, &held.token);
        if (status != MQTTSN_OK) {
            app_.in_library.pop_back();
            if (status == MQTTSN_ERR_BUSY) {
                return;
            }
            throw std::invalid_argument(std::string("mqttsn_publish: ") + mqttsn_status_name(status));
        }
        app_.backlog.pop_front();
    }
}

bool Device::wants_connection(Micros now) const {
    if (now < app_.connect_at) {
        return false;
    }
    if (settings_.pattern == Pattern::visitor && !leaving_) {
        return now >= app_.wake_at && (!idle() || !subscribed());
    }
    return settings_.pattern != Pattern::visitor || leaving_;
}

void Device::act(Micros now) {
    publish_what_is_due(now);
    fill_library();
    if (manual_) {
        return;
    }
    switch (state()) {
        case MQTTSN_STATE_DISCONNECTED:
            if (wants_connection(now)) {
                connect(now, app_.clean_next || leaving_ || settings_.clean_session);
            }
            break;
        case MQTTSN_STATE_ACTIVE:
            act_active(now);
            break;
        case MQTTSN_STATE_FALLING_ASLEEP:
            subscribe(now);  // a wake-up that had to connect: what is queued goes before DISCONNECT
            break;
        case MQTTSN_STATE_ASLEEP:
            act_asleep(now);
            break;
        default:
            break;
    }
}

void Device::connect(Micros now, bool clean) {
    if (mqttsn_connect(&client_, clean) == MQTTSN_OK) {
        own_connect_ = true;
        app_.leaving_asked = leaving_;
        app_.subscribed = app_.subscribed && !clean && !settings_.subscribes_each_time;
    }
    connect_later(now, Micros::max() - now);  // an event ends this attempt
}

void Device::subscribe(Micros now) {
    if (!subscribed() && !app_.subscribing && now >= app_.subscribe_at) {
        app_.subscribing = mqttsn_subscribe(&client_, own_topic(Way::down, 0, false), settings_.subscribe_qos,
                                            nullptr) == MQTTSN_OK;
    }
}

void Device::act_active(Micros now) {
    if (leaving_) {
        if (app_.left_clean) {
            mqttsn_disconnect(&client_);
        } else {
            connect(now, true);
        }
        return;
    }
    if (app_.clean_next) {
        return;  // about to end
    }
    subscribe(now);
    if (!subscribed() || !idle()) {
        return;
    }
    if (settings_.pattern == Pattern::sleeper) {
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(settings_.wake_every);
        const std::int64_t generous = seconds.count() + seconds.count() / 2 + 10;
        mqttsn_sleep(&client_, settings_.sleep_s != 0
                                   ? settings_.sleep_s
                                   : static_cast<std::uint16_t>(std::min<std::int64_t>(generous, 65535)));
    } else if (settings_.pattern == Pattern::visitor) {
        mqttsn_disconnect(&client_);
    }
}

void Device::act_asleep(Micros now) {
    if (leaving_) {
        connect(now, true);
    } else if (now >= app_.wake_at) {
        ++statistics_.wake_ups;
        app_.waking = true;
        if (idle() && subscribed()) {
            mqttsn_wake(&client_);
        } else {
            app_.fetch_due = settings_.subscribes;  // who wakes only to send would never hear what waits
            mqttsn_connect(&client_, false);
        }
    }
}

void Device::on_event(Micros now, const mqttsn_event& event) {
    switch (event.type) {
        case MQTTSN_EVENT_CONNECTED:
            ++statistics_.connects;
            app_.left_clean = app_.leaving_asked;
            if (!own_connect_ && (settings_.subscribes_each_time || settings_.clean_session)) {
                app_.subscribed = false;  // a wake-up that had to connect: that session is over
            }
            own_connect_ = false;
            if (app_.clean_next && !leaving_) {
                // A session that was begun clean ends with its connection: end it, and begin the one that is
                // kept.
                mqttsn_disconnect(&client_);
            }
            break;
        case MQTTSN_EVENT_REFUSED:
            ++statistics_.refused;
            connect_later(now, event.code == MQTTSN_REJECTED_CONGESTION ? millis(settings_.congestion_wait_ms)
                                                                        : settings_.reconnect_after);
            break;
        case MQTTSN_EVENT_LOST:
            ++statistics_.lost;
            [[fallthrough]];
        case MQTTSN_EVENT_DISCONNECTED:
            connect_later(now, settings_.reconnect_after);
            break;
        case MQTTSN_EVENT_DELIVERED: {
            const auto held = std::find_if(app_.in_library.begin(), app_.in_library.end(),
                                           [&](const Held& one) { return one.token == event.token; });
            if (held != app_.in_library.end()) {
                const std::uint32_t number = held->number;
                app_.in_library.erase(held);
                observer_.on_delivered(index_, number, event.code);
            }
            return;
        }
        case MQTTSN_EVENT_SUBSCRIBED:
            app_.subscribing = false;
            app_.subscribed = event.code == MQTTSN_ACCEPTED;
            app_.subscribe_at = now + settings_.reconnect_after;
            return;
        case MQTTSN_EVENT_MESSAGE:
            observer_.on_message(index_, event);
            return;
        case MQTTSN_EVENT_ASLEEP:
        case MQTTSN_EVENT_AWAKE_DONE:
            app_.wake_at = app_.fetch_due ? now : now + settings_.wake_every;
            app_.fetch_due = false;
            app_.waking = false;
            break;
        case MQTTSN_EVENT_CLOSED:
            connect_later(now, app_.clean_next ? millis(1000) : Micros{0});
            app_.wake_at = app_.clean_next ? now : now + settings_.wake_every;
            app_.clean_next = false;
            powered_ = powered_ && !app_.left_clean;
            break;
        default:
            return;
    }
    if (app_.waking && (event.type == MQTTSN_EVENT_LOST || event.type == MQTTSN_EVENT_DISCONNECTED ||
                        event.type == MQTTSN_EVENT_REFUSED)) {
        ++statistics_.wake_ups_cut_short;
        app_.waking = false;
    }
    observer_.on_state(index_, event);
}

}  // namespace mqttsn::sim
