/// The page, what belongs to it, and the description of the interface, by path.
enum Pages {
    static let routes: [(path: String, file: PageFile)] =
        [
            ("/", PageFile("text/html; charset=utf-8", PackageResources.index_html)),
            ("/openapi.json", PageFile("application/json", PackageResources.openapi_json)),
        ] + files.sorted { $0.key < $1.key }.map { name, bytes in ("/page/" + name, PageFile(type(of: name), bytes)) }

    private static func type(of name: String) -> String {
        switch name.split(separator: ".").last {
        case "js": "text/javascript; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "svg": "image/svg+xml"
        case "png": "image/png"
        default: "application/octet-stream"
        }
    }

    /// Everything in the folder `Page` but the page itself.
    private static let files: [String: [UInt8]] = [
        "answer-view.js": PackageResources.answer_view_js,
        "api.js": PackageResources.api_js,
        "app.css": PackageResources.app_css,
        "ask.js": PackageResources.ask_js,
        "budget.js": PackageResources.budget_js,
        "choice.js": PackageResources.choice_js,
        "comparison.js": PackageResources.comparison_js,
        "composer.js": PackageResources.composer_js,
        "connection.js": PackageResources.connection_js,
        "conversation-view.js": PackageResources.conversation_view_js,
        "conversation.css": PackageResources.conversation_css,
        "dialogue.js": PackageResources.dialogue_js,
        "dom.js": PackageResources.dom_js,
        "events.js": PackageResources.events_js,
        "figure.js": PackageResources.figure_js,
        "format.js": PackageResources.format_js,
        "frame.js": PackageResources.frame_js,
        "history.js": PackageResources.history_js,
        "icon.svg": PackageResources.icon_svg,
        "main.js": PackageResources.main_js,
        "markdown-inline.js": PackageResources.markdown_inline_js,
        "markdown-view.js": PackageResources.markdown_view_js,
        "markdown.js": PackageResources.markdown_js,
        "options.js": PackageResources.options_js,
        "overlay.js": PackageResources.overlay_js,
        "picture-window.js": PackageResources.picture_window_js,
        "pictures.js": PackageResources.pictures_js,
        "sample-chart.png": PackageResources.sample_chart_png,
        "sample-prices.png": PackageResources.sample_prices_png,
        "sample-shapes.png": PackageResources.sample_shapes_png,
        "sample-sign.png": PackageResources.sample_sign_png,
        "samples.js": PackageResources.samples_js,
        "settings.js": PackageResources.settings_js,
        "store.js": PackageResources.store_js,
        "turns.js": PackageResources.turns_js,
    ]
}
