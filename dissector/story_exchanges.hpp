// SPDX-License-Identifier: GPL-2.0-or-later
//
// Requests and answers: which message answers which, what is a retransmission, what was given up.
#ifndef DISSECTOR_STORY_EXCHANGES_HPP
#define DISSECTOR_STORY_EXCHANGES_HPP

#include "dissector/story_records.hpp"

namespace mqttsnx::story {

class Exchanges {
  public:
    /// The message asks for `what`: recognises a retransmission (scene.again()), else begins anew.
    /// @param id  MsgId, or the topic id for Asked::publish_unacked, or 0
    Request& ask(Scene& scene, Asked what, std::uint16_t id);
    /// What ask() would find.
    bool is_repeated(const Scene& scene, Asked what, std::uint16_t id) const;
    /// The message is about the topic of this request.
    static void inherit_topic(Scene& scene, const Request& request);

    /// The request in the direction against the message's, or nullptr. Of a session that goes on.
    Request* find(const Scene& scene, Asked what, std::uint16_t id) const;
    /// The request in the message's own direction.
    Request* find_own(const Scene& scene, Asked what, std::uint16_t id) const;

    /// The message answers this request. @returns whether it is the first answer
    bool answer(Scene& scene, Request& request);
    /// As answer(), by kind and MsgId; what was never asked gets a note. @returns nullptr then
    Request* answer(Scene& scene, Asked what, std::uint16_t id, bool& first);
    /// Notes an answer to nothing, unless the request may lie before the capture.
    void unexpected(Scene& scene) const;

    /// The exchange is over: nothing of it is waited for any more.
    void finish(Scene& scene, Request& request, bool asked_by_sender);
    /// Requests of the device that it will not repeat after a CONNECT with a clean session.
    void give_up_all(Scene& scene);
    /// The last message of the other side was this request, and it may still be repeated.
    static bool is_last(const Scene& scene, const Request& request, Asked what);

    std::size_t memory() const;

  private:
    bool repeats(const Scene& scene, const Request& request, Asked what, std::uint16_t id,
                 std::uint64_t key) const;
    void repeat(Scene& scene, Request& request, Asked what);
    void begin(Scene& scene, Request& request, Asked what, std::uint64_t body);
    void judge_line(Scene& scene, std::array<Line, 3>& lines, std::int8_t number, bool count_others);

    Request* request_of(const Scene& scene, std::size_t way, Asked what, std::uint16_t id) const;

    NumberMap<Request*> places_;
    Pool<Request> requests_;
    Pool<Exchange> exchanges_;
    std::size_t repeats_ = 0;  ///< elements of Request::repeats, for memory()
};

}  // namespace mqttsnx::story

#endif
