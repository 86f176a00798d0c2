import Crypto
import Foundation
import HiRED
import ImageProcessing
import VisionEncoding

extension Engine {
    /// Sequences that may wait for their turn with their pictures embedded. Further pictures are not encoded before their
    /// turn: embeddings of a whole queue would take gigabytes.
    static let preparedLimit = 8

    /// A view of a picture of a request.
    private struct Item {
        var id: UInt64
        var image: Int
        var number: Int
        /// Views of the picture at most.
        var count: Int
        var view: VisionEncoder.View
    }

    /// Encodes the next views of waiting pictures, of several requests together.
    ///
    /// While answers are running only one view is encoded at a time, so that they do not stall. Pictures wait while
    /// requests hold as many embeddings as are allowed, unless none of those requests can go on without them.
    ///
    /// - Returns: whether any was encoded.
    func encodeViews() -> Bool {
        guard requests.contains(where: { $0.openImage != nil }),
            backend.waiting < Self.preparedLimit, hasRoomForEmbeddings
        else { return false }
        let batch = nextViews(limit: backend.sharesProcessor && isAnswering ? 1 : VisionEncoder.maximumBatch)
        for item in batch {
            guard let place = place(of: item.id) else { continue }
            requests[place].channel.emit(.encoding(image: item.image, view: item.number, count: item.count))
        }
        encode(batch)
        var ids: [UInt64] = []
        for item in batch where !ids.contains(item.id) { ids.append(item.id) }
        for id in ids { finishImages(of: id) }
        return !batch.isEmpty
    }

    private var hasRoomForEmbeddings: Bool {
        backend.isIdle
            || requests.reduce(0) { $0 + $1.embeddingBytes } < max(options.imageCacheBytes, 1)
    }

    /// Takes views in the order of arrival. A picture that an earlier request is about to finish waits for it.
    private func nextViews(limit: Int) -> [Item] {
        var batch: [Item] = []
        // Preparations end in any order: a later request may have begun what an earlier one wants.
        var open: Set<SHA256.Digest> = []
        for request in requests where request.request.reusesCaches {
            for image in request.images where image.job?.hasBegun == true { open.insert(image.key) }
        }
        for place in requests.indices where batch.count < limit {
            guard let image = requests[place].openImage else { continue }
            lowerBudgetUnderLoad(request: place, image: image)
            guard let job = requests[place].images[image].job else { continue }
            if requests[place].request.reusesCaches {
                let key = requests[place].images[image].key
                if !job.hasBegun, open.contains(key) { continue }
                open.insert(key)
            }
            let views = requests[place].images[image].job?.nextViews(limit: limit - batch.count) ?? []
            batch += views.map {
                Item(
                    id: requests[place].id, image: image, number: $0.number,
                    count: job.partitions.layout.partitionCount, view: $0.view)
            }
        }
        return batch
    }

    /// Encodes views and gives them to their pictures. Whatever fails ends its own request and no other.
    private func encode(_ batch: [Item]) {
        guard !batch.isEmpty else { return }
        let start = ContinuousClock.now
        let encoded: [VisionEncoder.EncodedView]
        do { encoded = try pipeline.encoder.encode(batch.map(\.view)) } catch {
            guard batch.count > 1 else { return fail(batch[0].id, error) }
            for item in batch where place(of: item.id) != nil { encode([item]) }
            return
        }
        let share = (ContinuousClock.now - start) / .milliseconds(1) / Double(batch.count)
        metrics.update { statistics in
            statistics.views += batch.count
            statistics.viewsPerSecond.record(1000 / max(share, 1e-6))
        }
        for (item, view) in zip(batch, encoded) {
            // Ended by an earlier view of the same batch.
            guard let place = place(of: item.id) else { continue }
            requests[place].timings.images.vision += share
            do { try requests[place].images[item.image].job?.accept(view, number: item.number) } catch {
                fail(item.id, error)
            }
        }
    }

    /// Selects and projects a request's pictures whose views are all encoded.
    private func finishImages(of id: UInt64) {
        var ready = [id]
        while let place = place(of: id), let image = requests[place].openImage,
            let job = requests[place].images[image].job, job.isEncoded
        {
            do {
                let key = requests[place].images[image].key
                let result = try pipeline.finish(job, key: key, timings: &requests[place].timings.images)
                requests[place].images[image].result = result
                requests[place].images[image].job = nil
                if requests[place].request.reusesCaches {
                    known.insert(result, for: key)
                    ready += share(result, key: key)
                }
            } catch { fail(id, error) }
        }
        for id in ready { advance(id) }
    }

    /// Gives a picture to the requests that wait for the same one.
    ///
    /// - Returns: those that got it.
    private func share(_ result: ImagePipeline.Result, key: SHA256.Digest) -> [UInt64] {
        var ids: [UInt64] = []
        for place in requests.indices where requests[place].request.reusesCaches && requests[place].sequences.isEmpty {
            for image in requests[place].images.indices {
                guard requests[place].images[image].key == key, let job = requests[place].images[image].job,
                    !job.hasBegun
                else { continue }
                requests[place].images[image].result = result
                requests[place].images[image].job = nil
                ids.append(requests[place].id)
            }
        }
        return ids
    }
}
