// SPDX-License-Identifier: GPL-2.0-or-later
//
// ADVERTISE, SEARCHGW and GWINFO: they go to groups, so who asked and who answers is found across addresses.
#ifndef DISSECTOR_STORY_DISCOVERY_HPP
#define DISSECTOR_STORY_DISCOVERY_HPP

#include "dissector/story_records.hpp"

namespace mqttsnx::story {

class Discovery {
  public:
    /// @param source, destination  numbers of the endpoints
    /// @param searcher             the device that a SEARCHGW comes from or a GWINFO goes to; nullptr: nobody
    /// known
    void tell(Scene& scene, std::uint32_t source, std::uint32_t destination, const Peer* searcher);
    std::size_t memory() const;

  private:
    struct Search {
        std::vector<Telling*> waiting;  ///< all transmissions without an answer
        std::uint32_t frame = 0;        ///< the first of them
        std::uint32_t answer_frame = 0;
        std::uint32_t answer_source = 0, answer_destination = 0;
        std::uint32_t transmissions = 0;
        Nanoseconds first_time = 0, last_time = 0;
        bool listed = false;
    };
    struct Gateway {
        Endpoint endpoint;
        std::uint32_t frame = 0;
    };
    struct Advertisement {
        Nanoseconds time = 0;
        std::uint32_t frame = 0;
        std::uint32_t duration = 0;  ///< s
    };
    struct KeyHash {
        std::size_t operator()(std::uint64_t key) const { return mixed(key); }
    };

    void search(Scene& scene, const Peer* searcher);
    void information(Scene& scene, std::uint32_t source, std::uint32_t destination, const Peer* searcher);
    void advertisement(Scene& scene, std::uint32_t source, std::uint32_t destination);
    void gateway_seen(Scene& scene);
    static void point_to(Scene& scene, const Search& search);
    static void answer(Scene& scene, Search& search, std::uint32_t source, std::uint32_t destination);

    std::unordered_map<const Peer*, Search> searches_;
    std::vector<Search*> open_;   ///< without an answer; a GWINFO to a group answers all of them
    Search* answered_ = nullptr;  ///< by the last GWINFO to a group
    std::unordered_map<std::uint32_t, Gateway> gateways_;  ///< by gateway id and kind of address
    std::unordered_map<std::uint64_t, Advertisement, KeyHash> advertisements_;
};

}  // namespace mqttsnx::story

#endif
