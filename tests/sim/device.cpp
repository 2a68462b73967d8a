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

void Device::step(Micros now) {
    if (!powered_) {
        if (leaving_ || now < power_at_) {
            return;
        }
        powered_ = true;
        if (lives_ == 0) {
            begin_life(random_.next());
        }
    }
    for (bool busy = true; busy && powered_;) {
        busy = false;
        mqttsn_event event;
        while (mqttsn_next_event(&client_, &event)) {
            on_event(now, event);
            busy = true;
        }
        if (!powered_) {
            break;
        }
        act(now);
        while (const std::size_t size =
                   mqttsn_output(&client_, clock(now), datagram_.data(), datagram_.size())) {
            ++statistics_.datagrams_sent;
            statistics_.octets_sent += size;
            observer_.on_send(index_, Bytes{datagram_.data(), size});
            busy = true;
        }
        busy = busy || mqttsn_next_timeout(&client_, clock(now)) == 0;
    }
    count_radio(now);
}

Micros Device::next_step(Micros now) const {
    if (!powered_) {
        return leaving_ ? Micros::max() : power_at_;
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
            at(connect_at_);
        } else if (!idle() || !subscribed()) {
            at(std::max(connect_at_, wake_at_));
        }
    } else if (in == MQTTSN_STATE_ASLEEP) {
        at(wake_at_);
    } else if (in == MQTTSN_STATE_ACTIVE && !subscribed() && !subscribing_) {
        at(subscribe_at_);
    }
    return next;
}

std::uint32_t Device::publish(Micros now, int qos, std::uint32_t topic) {
    if (backlog_.size() >= settings_.backlog_max) {
        ++statistics_.never_taken;
        return Ledger::kUnknown;
    }
    const std::uint32_t number = ledger_.add(index_, Way::up, qos, static_cast<std::uint16_t>(topic), now);
    ledger_.at(number).owed = true;
    backlog_.push_back(number);
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
    while (!clean_next_ && !backlog_.empty() && in_library_.size() < settings_.queue_length) {
        const std::uint32_t number = backlog_.front();
        const MessageRecord& record = ledger_.at(number);
        in_library_.push_back(Held{number, 0, Ledger::payload(number, settings_.payload_octets)});
        Held& held = in_library_.back();
        const mqttsn_status status =
            mqttsn_publish(&client_, own_topic(Way::up, record.topic, record.qos < 0), held.payload.data(),
                           held.payload.size(), record.qos, false, &held.token);
        if (status != MQTTSN_OK) {
            in_library_.pop_back();
            if (status == MQTTSN_ERR_BUSY) {
                return;
            }
            throw std::invalid_argument(std::string("mqttsn_publish: ") + mqttsn_status_name(status));
        }
        backlog_.pop_front();
    }
}

bool Device::wants_connection(Micros now) const {
    if (now < connect_at_) {
        return false;
    }
    if (settings_.pattern == Pattern::visitor && !leaving_) {
        return now >= wake_at_ && (!idle() || !subscribed());
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
                connect(now, clean_next_ || leaving_ || settings_.clean_session);
            }
            break;
        case MQTTSN_STATE_ACTIVE:
            act_active(now);
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
        leaving_asked_ = leaving_;
        subscribed_ = subscribed_ && !clean && !settings_.subscribes_each_time;
    }
    connect_later(now, Micros::max() - now);  // an event ends this attempt
}

void Device::act_active(Micros now) {
    if (leaving_) {
        if (left_clean_) {
            mqttsn_disconnect(&client_);
        } else {
            connect(now, true);
        }
        return;
    }
    if (clean_next_) {
        return;  // about to end
    }
    if (!subscribed() && !subscribing_ && now >= subscribe_at_) {
        subscribing_ = mqttsn_subscribe(&client_, own_topic(Way::down, 0, false), settings_.subscribe_qos,
                                        nullptr) == MQTTSN_OK;
    }
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
    } else if (now >= wake_at_) {
        ++statistics_.wake_ups;
        waking_ = true;
        if (idle() && subscribed()) {
            mqttsn_wake(&client_);
        } else {
            fetch_due_ = settings_.subscribes;  // who wakes only to send would never hear what waits
            mqttsn_connect(&client_, false);
        }
    }
}

void Device::on_event(Micros now, const mqttsn_event& event) {
    switch (event.type) {
        case MQTTSN_EVENT_CONNECTED:
            ++statistics_.connects;
            left_clean_ = leaving_asked_;
            if (clean_next_ && !leaving_) {
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
            const auto held = std::find_if(in_library_.begin(), in_library_.end(),
                                           [&](const Held& one) { return one.token == event.token; });
            if (held != in_library_.end()) {
                const std::uint32_t number = held->number;
                in_library_.erase(held);
                observer_.on_delivered(index_, number, event.code);
            }
            return;
        }
        case MQTTSN_EVENT_SUBSCRIBED:
            subscribing_ = false;
            subscribed_ = event.code == MQTTSN_ACCEPTED;
            subscribe_at_ = now + settings_.reconnect_after;
            return;
        case MQTTSN_EVENT_MESSAGE:
            observer_.on_message(index_, event);
            return;
        case MQTTSN_EVENT_ASLEEP:
        case MQTTSN_EVENT_AWAKE_DONE:
            wake_at_ = fetch_due_ ? now : now + settings_.wake_every;
            fetch_due_ = false;
            waking_ = false;
            break;
        case MQTTSN_EVENT_CLOSED:
            connect_later(now, clean_next_ ? millis(1000) : Micros{0});
            wake_at_ = clean_next_ ? now : now + settings_.wake_every;
            clean_next_ = false;
            powered_ = powered_ && !left_clean_;
            break;
        default:
            return;
    }
    if (waking_ && (event.type == MQTTSN_EVENT_LOST || event.type == MQTTSN_EVENT_DISCONNECTED ||
                    event.type == MQTTSN_EVENT_REFUSED)) {
        ++statistics_.wake_ups_cut_short;
        waking_ = false;
    }
    observer_.on_state(index_, event);
}

void Device::power_off(Micros now, Micros until, bool keeps_memory, bool clean) {
    powered_ = false;
    power_at_ = until;
    count_radio(now);
    if (keeps_memory) {
        return;
    }
    for (const Held& held : in_library_) {
        observer_.on_forgotten(index_, held.number);
    }
    for (const std::uint32_t number : backlog_) {
        observer_.on_forgotten(index_, number);
    }
    in_library_.clear();
    backlog_.clear();
    subscribed_ = false;
    subscribing_ = false;
    waking_ = false;
    clean_next_ = clean && !settings_.clean_session;
    connect_at_ = until;
    wake_at_ = until;
    begin_life(random_.next());
}

}  // namespace mqttsn::sim
