import HiREDInference
import OrderedJSON

/// How a picture's tokens were counted and chosen, for the page and whoever draws them.
enum TokenReports {
    /// A picture before any of it is computed.
    static func count(_ image: PromptCount.Image, digest: String?, budget: Int?) -> JSONObject {
        let layout = image.layout
        return [
            "digest": JSONValue(digest), "width": .integer(layout.imageSize.width),
            "height": .integer(layout.imageSize.height), "full": .integer(image.full), "kept": .integer(image.planned),
            "budget": JSONValue(budget), "tokens_per_side": .integer(layout.side),
            "grid": ["rows": .integer(layout.tileRows), "columns": .integer(layout.tileColumns)],
            "tiles": tiles(layout),
        ]
    }

    /// What was kept of a picture.
    static func selection(_ tokens: ImageTokens) -> JSONValue {
        let allocation = tokens.selection.allocation
        // One score for each tile; the full view has none.
        let scores: [JSONValue] =
            allocation.scores.isEmpty ? [] : [.null] + allocation.scores.map { .rounded($0, places: 6) }
        var object: JSONObject = [
            "full": .integer(tokens.full), "kept_count": .integer(tokens.kept), "budget": JSONValue(tokens.budget),
            "budgets": .array(allocation.budgets.map { .integer($0) }), "scores": .array(scores),
            "kept": .array(tokens.selection.kept.map { .array($0.map { .integer($0) }) }),
            "tokens_per_side": .integer(tokens.layout.side),
            "partitions": tiles(tokens.layout),
        ]
        if tokens.attention.contains(where: { !$0.isEmpty }) {
            object["attention"] = .array(tokens.attention.map { .array($0.map { .integer(Int($0)) }) })
        }
        return .object(object)
    }

    /// Where the partitions lie on the picture turned upright, in its pixels; the full view is all of it. A tile reaches
    /// beyond the picture where its canvas is padded, so that its tokens are equal cells of it.
    private static func tiles(_ layout: PartitionLayout) -> JSONValue {
        let (width, height) = (Double(layout.imageSize.width), Double(layout.imageSize.height))
        func tile(_ index: Int, _ x: Double, _ y: Double, _ width: Double, _ height: Double) -> JSONValue {
            [
                "index": .integer(index), "x": .rounded(x, places: 2), "y": .rounded(y, places: 2),
                "width": .rounded(width, places: 2), "height": .rounded(height, places: 2),
            ]
        }
        var tiles = [tile(0, 0, 0, width, height)]
        guard layout.tileCount > 0 else { return .array(tiles) }
        let content = layout.content
        let (scaleX, scaleY) = (width / Double(content.width), height / Double(content.height))
        let tileWidth = Double(layout.canvasSize.width) / Double(layout.tileColumns)
        let tileHeight = Double(layout.canvasSize.height) / Double(layout.tileRows)
        for row in 0..<layout.tileRows {
            for column in 0..<layout.tileColumns {
                tiles.append(
                    tile(
                        tiles.count, (Double(column) * tileWidth - Double(content.x)) * scaleX,
                        (Double(row) * tileHeight - Double(content.y)) * scaleY, tileWidth * scaleX,
                        tileHeight * scaleY))
            }
        }
        return .array(tiles)
    }
}
