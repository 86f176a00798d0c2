import Foundation
import HiRED
import ImageProcessing

extension Engine {
    /// Encodes the next views of waiting pictures, of several requests together.
    ///
    /// While answers are running only one view is encoded at a time, so that they do not stall.
    func encodeViews() {
        let isAnswering = requests.contains { $0.sequence?.decodeStart != nil }
        let limit = isAnswering ? 1 : VisionEncoder.maximumBatch
        var batch: [(request: Int, image: Int, number: Int, view: VisionEncoder.View)] = []
        for place in requests.indices {
            guard batch.count < limit, let image = requests[place].openImage else { continue }
            lowerBudgetUnderLoad(request: place, image: image)
            let views = requests[place].images[image].job?.nextViews(limit: limit - batch.count) ?? []
            batch += views.map { (place, image, $0.number, $0.view) }
        }
        guard !batch.isEmpty else { return }
        for item in batch {
            let count = requests[item.request].images[item.image].job?.partitions.layout.partitionCount ?? 1
            requests[item.request].emit(.stage(.vision(image: item.image, view: item.number, count: count)))
        }
        let start = ContinuousClock.now
        do {
            let encoded = try pipeline.encoder.encode(batch.map(\.view))
            let share = (ContinuousClock.now - start) / .milliseconds(1) / Double(batch.count)
            var failures: [(Int, any Error)] = []
            for (item, view) in zip(batch, encoded) {
                requests[item.request].timings.vision += share
                do { try requests[item.request].images[item.image].job?.accept(view, number: item.number) } catch {
                    failures.append((item.request, error))
                }
            }
            let ids = Set(batch.map { requests[$0.request].id })
            for (place, error) in failures { end(requests[place].id, error) }
            for id in ids { finishImages(of: id) }
        } catch {
            for id in Set(batch.map { requests[$0.request].id }) { end(id, error) }
        }
    }

    /// Selects and projects a request's pictures whose views are all encoded.
    private func finishImages(of id: UInt64) {
        while let place = requests.firstIndex(where: { $0.id == id }), let image = requests[place].openImage,
            let job = requests[place].images[image].job, job.isEncoded
        {
            do {
                let key = requests[place].images[image].key
                let result = try pipeline.finish(job, key: key, timings: &requests[place].timings)
                requests[place].images[image].result = result
                requests[place].images[image].job = nil
                if requests[place].request.reusesCaches {
                    imageCache.insert(result, byteCount: 4 * result.embeddings.values.count, for: key)
                }
            } catch { return end(id, error) }
        }
        startSequence(id)
    }
}
