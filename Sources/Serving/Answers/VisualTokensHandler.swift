import Foundation
import HTTPTypes
import HiREDInference
import Hummingbird
import HummingbirdCore
import OrderedJSON

/// Answers `POST /v1/visual_tokens`: what pictures come to, without any of it being computed, or with their selection.
struct VisualTokensHandler: Sendable {
    let served: ServedModel
    let options: ServerOptions
    let intake: RequestIntake
    let seen: SeenPictures

    /// What is asked.
    private enum Question: Sendable {
        case chat(ChatRequest)
        case images([Image], model: ModelName, VisualTokenFields)

        struct Image: Sendable {
            var size: PixelSize?
            var digest: String?
            var path: String
        }
    }

    /// A picture that has been counted.
    private struct Counted: Sendable {
        var count: PromptCount.Image
        var options: SelectionOptions
        var digest: String?
        var data: Data?
        var path: String
    }

    func answer(_ request: Request, _ context: ServerContext) async throws -> Response {
        let model = try served.loaded()
        return try await intake.withParts(request, context) { parts in
            (try question(parts.json), try Fields(parts.json).bool("select") ?? false)
        } then: { asked, files in
            let (question, selects) = asked
            var object: JSONObject = ["object": "visual_tokens"]
            let pictures: [Counted]
            switch question {
            case .chat(let chat):
                let data = try await intake.pictures(chat.pictures, files: files)
                let (count, counted) = try count(chat, data, model)
                object["model"] = .string(chat.model.written)
                object["prompt_tokens"] = .integer(count.promptTokens)
                object["text_tokens"] = .integer(count.textTokens)
                let isWithin = options.limits.promptTokens.map { count.promptTokens <= $0 } ?? true
                object["fits"] = .bool(isWithin && count.fits(answerTokens: chat.maximumTokens ?? 1))
                pictures = counted
            case .images(let images, let name, let fields):
                pictures = try images.map { try count($0, fields, model) }
                object["model"] = .string(name.written)
                object["prompt_tokens"] = .null
                let planned = pictures.reduce(0) { $0 + $1.count.planned }
                object["fits"] = .bool(planned < model.description.config.text.maximumPositions)
            }
            object["context_length"] = .integer(model.description.config.text.maximumPositions)
            var answers: [JSONValue] = []
            for picture in pictures { answers.append(try await report(picture, selects: selects, model, context)) }
            object["images"] = .array(answers)
            return JSONAnswer.response(.object(object))
        }
    }

    private func question(_ json: JSONValue) throws -> Question {
        let fields = try Fields(json)
        guard fields["messages"] == nil, let list = try fields.list("images") else {
            if fields["messages"] == nil {
                throw APIError.invalid(
                    "messages", "give messages as for chat completions, or images as [{\"width\": …, \"height\": …}]",
                    code: "missing_required_parameter")
            }
            return .chat(try ChatRequest(json, rules: RequestBuilder(options: options).rules))
        }
        guard list.count <= options.limits.images else {
            throw APIError.invalid(
                "images", "images holds \(list.count); give at most \(options.limits.images)", code: "too_many_images")
        }
        let name = try ModelName(fields.string("model") ?? options.modelName, served: options.modelName)
        var tokens = try fields.fields("visual_tokens").map { try VisualTokenFields($0) } ?? VisualTokenFields()
        tokens.budget = tokens.budget ?? name.budget
        if tokens.budget ?? (options.usesAutoBudget ? .auto : nil) == .auto {
            throw APIError.invalid(
                "visual_tokens.budget", "an automatic budget depends on the text too; give messages, or another budget")
        }
        return .images(
            try list.enumerated().map { try image(Fields($1, path: "images[\($0)]")) }, model: name, tokens)
    }

    private func image(_ fields: Fields) throws -> Question.Image {
        if let digest = try fields.string("digest") { return .init(digest: digest, path: fields.path) }
        var size = PixelSize(width: 0, height: 0)
        for (name, part) in [("width", \PixelSize.width), ("height", \.height)] {
            guard let pixels = try fields.integer(name) else {
                throw APIError.invalid(
                    fields.name(name), "\(fields.name(name)) is missing; give width and height in pixels, or digest",
                    code: "missing_required_parameter")
            }
            size[keyPath: part] = try ChatRequest.checked(fields.name(name), pixels, 1...((1 << 24) - 1))
        }
        guard size.width <= options.limits.pixels / size.height else {
            throw APIError.invalid(
                fields.path, "\(fields.path) has more than \(options.limits.pixels) pixels; make it smaller",
                code: "invalid_image")
        }
        return .init(size: size, path: fields.path)
    }

    private func count(
        _ chat: ChatRequest, _ data: [Data], _ model: VisionLanguageModel
    ) throws -> (PromptCount, [Counted]) {
        let generation = try RequestBuilder(options: options).generation(
            chat, pictures: data, defaults: model.defaultSampling)
        let count = try model.count(generation)
        let counted = count.images.enumerated().map { place, image in
            var options = generation.selections[place] ?? generation.selection
            // What an automatic budget came to.
            if generation.autoBudget != nil { options.budget = .tokens(max(image.planned, 1)) }
            return Counted(
                count: image, options: options, digest: seen.add(data[place], size: image.layout.imageSize),
                data: data[place], path: chat.pictures[place].path)
        }
        return (count, counted)
    }

    private func count(
        _ image: Question.Image, _ fields: VisualTokenFields, _ model: VisionLanguageModel
    ) throws -> Counted {
        let known = image.digest.flatMap { seen[$0] }
        guard let size = image.size ?? known?.size else {
            throw APIError(
                .notFound, .notFound, "the picture \(image.path) names is not known any more; send it again",
                parameter: image.path, code: "unknown_digest")
        }
        let layout = try model.layout(for: size)
        let selection = fields.options(over: options.selection)
        _ = try selection.makeStrategy()
        try selection.check(layout)
        _ = try selection.budget.tokenCount(of: layout.totalTokens)
        return Counted(
            count: PromptCount.Image(
                layout: layout, full: layout.fullTokenCount, planned: layout.mostTokens(under: selection)),
            options: selection, digest: image.digest, data: known?.data, path: image.path)
    }

    private func report(
        _ picture: Counted, selects: Bool, _ model: VisionLanguageModel, _ context: ServerContext
    ) async throws -> JSONValue {
        let budget =
            picture.options.budget == .full || picture.options.strategy == .full
            ? nil : try picture.options.budget.tokenCount(of: picture.count.layout.totalTokens)
        var object = TokenReports.count(picture.count, digest: picture.digest, budget: budget)
        guard selects else { return .object(object) }
        guard let data = picture.data else {
            throw APIError.invalid(
                picture.path, "a selection is made of pixels; give messages with the picture, or its digest")
        }
        let selecting = Task {
            try await model.select(.data(data, name: picture.path), options: picture.options)
        }
        context.watch?.onClose { selecting.cancel() }
        let selection = try await withTaskCancellationHandler {
            try await selecting.value
        } onCancel: {
            selecting.cancel()
        }
        object["selection"] = TokenReports.selection(selection.tokens)
        return .object(object)
    }
}
