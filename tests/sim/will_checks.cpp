// SPDX-License-Identifier: BSD-3-Clause
#include "sim/will_checks.hpp"

#include "sim/checks.hpp"

namespace mqttsn::sim {

std::string WillChecks::client_of(std::string_view topic) {
    constexpr std::string_view kHead = "will/";
    return topic.starts_with(kHead) ? std::string(topic.substr(kHead.size())) : std::string();
}

void WillChecks::add_device(const DeviceSettings& settings, bool shared) {
    by_client_id_[settings.client_id] = static_cast<std::uint32_t>(devices_.size());
    View view;
    view.client_id = settings.client_id;
    view.has_will = settings.will;
    view.shared = shared;
    devices_.push_back(view);
}

WillChecks::View* WillChecks::find(std::string_view client_id) {
    const auto found = by_client_id_.find(client_id);
    return found != by_client_id_.end() ? &devices_[found->second] : nullptr;
}

void WillChecks::to_gateway(Micros now, std::uint32_t device, std::uint32_t binding,
                            const WireMessage& message) {
    View& view = devices_[device];
    if (!message.valid) {
        return;
    }
    const bool wakes = message.type == WireType::pingreq && message.has_more;
    if (message.type == WireType::connect || (wakes && view.asleep)) {  // D13: only a sleeper moves so
        view.binding = binding;
    } else if (binding != view.binding) {
        return;
    }
    view.last_heard = now;
    if (message.type == WireType::connect) {
        view.keep_alive_s = message.duration;
    } else if (message.type == WireType::disconnect && message.has_more) {
        view.sleep_s = message.duration;
    }
}

void WillChecks::rests(std::string_view client_id, bool asleep) {
    if (View* const view = find(client_id)) {
        view->asleep = asleep;
    }
}

void WillChecks::lost(Micros now, std::string_view client_id, std::string_view cause, bool certain) {
    View* const view = find(client_id);
    if (view == nullptr) {
        return;
    }
    const bool asleep = cause.find("wake up") != std::string_view::npos;
    if (asleep || cause.find("keep-alive") != std::string_view::npos) {
        const std::int64_t seconds = asleep ? view->sleep_s : view->keep_alive_s;
        const std::int64_t patience = seconds > 60 ? seconds * 1'100'000 : seconds * 1'500'000;
        // The gateway counts whole milliseconds.
        if (seconds != 0 && (now - view->last_heard).count() < patience - 1000) {
            Checks::fail(now, "the gateway gave " + view->client_id + " up " +
                                  std::to_string((now - view->last_heard).count() / 1000) +
                                  " ms after its last datagram");
        }
    }
    if (view->has_will) {
        ++(certain ? view->due : view->excused);
    }
}

void WillChecks::published(Micros now, std::string_view client_id, std::string_view topic,
                           std::string_view payload) {
    View* const view = find(client_id);
    if (view == nullptr || !view->has_will || topic != topic_of(client_id) ||
        payload != payload_of(client_id)) {
        Checks::fail(now, "a will of " + std::string(client_id) + " that it has not: " + std::string(topic) +
                              " = " + std::string(payload));
    }
    if (view->due > 0) {
        --view->due;
    } else if (view->excused > 0) {
        --view->excused;
    } else if (view->shared && view->was_published) {
        // A repetition: the acknowledgement was lost with the own session's connection.
    } else {
        Checks::fail(now, "the will of " + view->client_id + " is published, and nobody has lost it");
    }
    view->was_published = true;
}

void WillChecks::connections_broken() {
    for (View& view : devices_) {
        // One that is being closed for another, and that other.
        view.excused = view.due + view.excused + 2;
        view.due = 0;
    }
}

void WillChecks::check_end(Micros now) const {
    for (const View& view : devices_) {
        if (view.due > 0) {
            Checks::fail(now, view.client_id + " was lost and its will never published");
        }
    }
}

}  // namespace mqttsn::sim
