// SPDX-License-Identifier: GPL-2.0-or-later
//
// The details of one message while they are made: tree.cpp puts what stands in the octets there,
// tree_story.cpp what the story knows and the expert infos.
#ifndef DISSECTOR_DETAILS_HPP
#define DISSECTOR_DETAILS_HPP

#include <array>
#include <span>

#include "dissector/plugin.hpp"

namespace mqttsnx {

constexpr int kDatagramItemsMax = 96;  // items that stand for octets; envelopes have 5 each

struct Item {
    Range where;
    proto_item* item;
};

/// The items of a message while they are made. Has no destructor: Wireshark may jump over it.
struct Details {
    tvbuff_t* tvb;
    packet_info* pinfo;
    proto_tree* tree;  ///< where items go now; nullptr: only expert infos are wanted
    proto_item* top;
    std::array<Item, kDatagramItemsMax> items;
    int count;

    proto_item* keep(Range where, proto_item* item) {
        if (count < kDatagramItemsMax) {
            items[static_cast<std::size_t>(count++)] = {where, item};
        }
        return item;
    }

    /// A number with its octets, if the message has it.
    proto_item* number(Field field, const Number& number) {
        if (!number.there()) {
            return nullptr;
        }
        return keep(number.where, proto_tree_add_uint(tree, hf[field], tvb, static_cast<int>(number.where.at),
                                                      static_cast<int>(number.where.size), number.value));
    }

    /// Octets or text.
    proto_item* octets(Field field, Range where, unsigned encoding = ENC_NA) {
        return keep(where, proto_tree_add_item(tree, hf[field], tvb, static_cast<int>(where.at),
                                               static_cast<int>(where.size), encoding));
    }

    proto_item* text(Field field, Range where) { return octets(field, where, ENC_UTF_8); }

    /// The item that shows these octets: just them, or else the least of those that hold them, or the
    /// message.
    proto_item* at(Range where) const {
        const Item* best = nullptr;
        for (const Item& item : std::span(items.data(), static_cast<std::size_t>(count))) {
            const bool holds = item.where.at <= where.at && where.end() <= item.where.end();
            if (holds && item.where.size != 0 && (best == nullptr || item.where.size < best->where.size)) {
                best = &item;
            }
        }
        return best == nullptr ? top : best->item;
    }
};

// tree_story.cpp
/// In brackets what the message means together with others.
void show_story(const Details& details, const Message& message, const Telling& telling);
/// Only when the whole capture has been read once is it known that no answer came.
bool is_unanswered(const packet_info* pinfo, const Telling& telling);
/// The faults of the octets.
void tell_faults(const Details& details, const Datagram& datagram);
/// What is wrong with the message where it stands in the conversation.
void tell_notes(const Details& details, const Message& message, const Telling& telling);
void tell_expert(const Details& details, Range where, Expert expert);

}  // namespace mqttsnx

#endif
