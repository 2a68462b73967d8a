// SPDX-License-Identifier: BSD-3-Clause
//
// The promises to devices of the shared session, and what is not promised to them. The rest is in checks.cpp.
#include <algorithm>

#include "sim/checks.hpp"

namespace mqttsn::sim {

void Checks::shared_message_taken(std::string_view payload) {
    const std::uint32_t number = ledger_.number_in(payload);
    if (number != Ledger::kUnknown && ledger_.at(number).way == Way::down &&
        !devices_[ledger_.at(number).device].shared_subscribed) {
        dropped(number);  // nobody has been told yet, or any more, that it would come
    }
}

/// Of what the gateway held for the device nothing is left, nor are its subscriptions.
void Checks::shared_forgotten(std::uint32_t device) {
    devices_[device].shared_subscribed = false;
    for (std::uint32_t number = 0; number < ledger_.messages().size(); ++number) {
        const MessageRecord& record = ledger_.at(number);
        if (record.device == device && record.way == Way::down && record.arrivals == 0) {
            dropped(number);
        }
    }
}

/// The own session's exchanges are gone: the broker may have published what the device sends again.
void Checks::shared_repeats(std::uint32_t device) {
    for (std::uint32_t number = 0; number < ledger_.messages().size(); ++number) {
        MessageRecord& record = ledger_.at(number);
        if (record.device == device && record.way == Way::up && record.done_at.count() < 0) {
            record.excuses |= kMayBeRepeated;
        }
    }
}

void Checks::shared_connect(std::uint32_t device, bool clean) {
    DeviceView& view = devices_[device];
    if (view.shared && (clean || view.shared_clean)) {
        shared_forgotten(device);
    }
    view.shared_clean = clean;
}

void Checks::shared_session_ended(std::string_view client_id) {
    const auto found = by_client_id_.find(client_id);
    if (found != by_client_id_.end() && devices_[found->second].shared &&
        devices_[found->second].shared_clean) {
        shared_forgotten(found->second);
    }
}

void Checks::shared_overtaken(std::uint32_t number) {
    ledger_.at(number).excuses |= kMayBeDisordered;
}

void Checks::shared_drop_said(std::string_view client_id) {
    if (const auto found = by_client_id_.find(client_id); found != by_client_id_.end()) {
        ++devices_[found->second].shared_drops;
    }
}

std::size_t Checks::shared_missing(std::uint32_t device) const {
    return static_cast<std::size_t>(
        std::count_if(ledger_.messages().begin(), ledger_.messages().end(), [&](const MessageRecord& record) {
            return record.device == device && record.way == Way::down && record.qos > 0 && record.owed &&
                   record.arrivals == 0 && (record.excuses & kMayBeLost) == 0;
        }));
}

std::string Checks::shared_missing_names(std::uint32_t device) const {
    std::string names;
    for (std::uint32_t number = 0; number < ledger_.messages().size(); ++number) {
        const MessageRecord& record = ledger_.at(number);
        if (record.device == device && record.way == Way::down && record.qos > 0 && record.owed &&
            record.arrivals == 0 && (record.excuses & kMayBeLost) == 0) {
            names += (names.empty() ? "" : "; ") + name_of(number);
        }
    }
    return names;
}

}  // namespace mqttsn::sim
