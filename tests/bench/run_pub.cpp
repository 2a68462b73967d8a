// SPDX-License-Identifier: BSD-3-Clause
//
// Modes pub and mqtt-pub: devices, or plain MQTT clients, publish; one subscriber at the broker checks what
// arrives.
#include "bench/run.hpp"

namespace mqttsn::load {
namespace {

constexpr std::size_t kSendsOfATurn = 256;  // then what has come in is looked at

/// What the two modes share: the subscriber, and who sends when.
class PublishingRun : public Run {
  protected:
    PublishingRun(Result& result, SetUp set_up)
        : Run(result, set_up, result.options.devices),
          pacer_(pacer_settings()),
          sequences_(options_.devices) {}

    virtual void publish(std::size_t sender, std::uint32_t sequence) = 0;
    virtual const std::string& topic_of(std::size_t sender) const = 0;

    void publish_all() {
        if (over()) {
            return;
        }
        begin_measuring();
        pacer_.start(begin_ns_);
        publishing_ = true;
        loop_until(
            [this] { return pacer_.done(steady_ns()) && (options_.qos <= 0 || pacer_.in_flight() == 0); });
        const bool interrupted = result_.interrupted;
        pacer_.stop();
        await_arrivals();
        result_.interrupted = result_.interrupted || interrupted;
        result_.lag_max_ns = pacer_.lag_max_ns();
        end_measuring();
        publishing_ = false;
    }

    std::uint64_t pump(std::uint64_t now_ns) override {
        if (!publishing_) {
            return kNever;
        }
        std::uint64_t now = now_ns;
        for (std::size_t sends = 0; sends < kSendsOfATurn || options_.burst; ++sends) {
            const std::uint64_t in_flight = pacer_.in_flight();
            const std::optional<std::size_t> sender = pacer_.take(now);
            if (!sender) {
                break;
            }
            result_.counters.bursts += options_.burst && in_flight == 0 ? 1U : 0U;
            ++result_.counters.sent;
            publish(*sender, sequences_[*sender]++);
            if (options_.rate > 0) {
                now = steady_ns();
            }
        }
        if (options_.rate <= 0 && pacer_.in_flight() > 0 && stalled(now)) {
            ++result_.counters.stalls;
            last_arrival_ns_ = now;
            pacer_.write_off();
        }
        return pacer_.next_ns(now);
    }

    void on_message(MqttClient&, std::string_view topic, Bytes payload, std::uint64_t now_ns) override {
        Stamp stamp;
        if (!is_ours(payload, stamp)) {
            return;
        }
        if (stamp.stream >= sequences_.size() || topic != topic_of(stamp.stream)) {
            note_wrong_recipient();
            return;
        }
        const std::uint32_t advanced = arrive(stamp.stream, stamp, now_ns);
        if (options_.qos <= 0 && advanced > 0) {
            pacer_.answered(stamp.stream, advanced);
        }
    }

    Pacer pacer_;
    std::vector<std::uint32_t> sequences_;  // the next one of each sender
    bool publishing_ = false;
};

class PubRun final : public PublishingRun {
  public:
    explicit PubRun(Result& result)
        : PublishingRun(result, result.options.qos < 0 ? SetUp::nothing : SetUp::register_topic) {}

  private:
    void go() override {
        open_broker("subscriber");
        subscribe_broker(filter());
        set_up_devices();
        publish_all();
        if (fleet_.nobody_there()) {
            fail("no gateway there: the system says \"connection refused\"; check --gateway");
        }
    }
    std::string filter() const {
        switch (options_.topic_kind) {
            case TopicKind::predefined:
                return options_.topic;
            case TopicKind::short_name:
                return "+";
            case TopicKind::registered:
                break;
        }
        return options_.topic + "/+";
    }
    void publish(std::size_t sender, std::uint32_t sequence) override { fleet_.publish(sender, sequence); }
    const std::string& topic_of(std::size_t sender) const override { return fleet_.topic(sender); }
    void on_published(std::size_t device, std::uint64_t) override { pacer_.answered(device); }
};

class MqttPubRun final : public PublishingRun {
  public:
    explicit MqttPubRun(Result& result)
        : PublishingRun(result, SetUp::nothing), payload_(options_.payload), begun_ns_(options_.devices) {
        for (std::size_t i = 0; i < options_.devices; ++i) {
            topics_.push_back(options_.topic + "/" + device_id(options_, result.run, i));
        }
    }

  private:
    void go() override {
        open_broker("subscriber");
        subscribe_broker(options_.topic + "/+");
        connect_all();
        publish_all();
    }

    void connect_all() {
        if (over()) {
            return;
        }
        setting_up_ = true;
        const std::uint64_t begin = steady_ns();
        const std::size_t wanted = options_.devices + std::size_t{1};
        loop_until([&] {
            while (!over() && clients_.size() < wanted &&
                   clients_.size() - clients_connected_ < options_.connect_window) {
                begun_ns_[clients_.size() - 1] = steady_ns();
                add_client();
            }
            return clients_connected_ == wanted;
        });
        result_.connect_ns = steady_ns() - begin;
        result_.counters.connected = clients_connected_ > 0 ? clients_connected_ - 1 : 0;
        setting_up_ = false;
    }

    void on_connack(MqttClient& client, std::uint8_t code, std::uint64_t now_ns) override {
        if (code == 0 && client.index() > 0) {
            result_.connect.record(now_ns - begun_ns_[client.index() - 1]);
        }
        Run::on_connack(client, code, now_ns);
    }

    void publish(std::size_t sender, std::uint32_t sequence) override {
        const std::uint64_t now = steady_ns();
        begun_ns_[sender] = now;
        write_payload({result_.run, static_cast<std::uint32_t>(sender), sequence, now}, payload_.data(),
                      payload_.size());
        clients_[sender + 1]->publish(topics_[sender], static_cast<std::uint8_t>(options_.qos),
                                      Bytes{payload_.data(), payload_.size()});
    }
    const std::string& topic_of(std::size_t sender) const override { return topics_[sender]; }

    void on_acknowledged(MqttClient& client, std::uint16_t, std::uint64_t now_ns) override {
        if (client.index() > 0) {
            result_.acknowledgement.record(now_ns - begun_ns_[client.index() - 1]);
            pacer_.answered(client.index() - 1);
        }
    }

    std::vector<std::uint8_t> payload_;
    std::vector<std::uint64_t> begun_ns_;
    std::vector<std::string> topics_;
};

}  // namespace

std::unique_ptr<Run> make_pub_run(Result& result) {
    return std::make_unique<PubRun>(result);
}

std::unique_ptr<Run> make_mqtt_pub_run(Result& result) {
    return std::make_unique<MqttPubRun>(result);
}

}  // namespace mqttsn::load
