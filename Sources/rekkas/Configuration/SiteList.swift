import Foundation
import Relay
import Yams

/// Reads the file that lists a hub's sites and their keys (`Config/sites.yaml` explains it).
enum SiteList {
  /// - Throws: ``ConfigurationError`` with the file's line.
  static func read(_ path: String) throws -> SiteRegistry {
    guard let bytes = FileManager.default.contents(atPath: path), let text = String(bytes: bytes, encoding: .utf8)
    else { throw ConfigurationError(description: "\(path): cannot be read as UTF-8 text; is the path right?") }
    let root: Node?
    do {
      root = try Yams.compose(yaml: text)
    } catch {
      throw ConfigurationError(description: "\(path): this is not YAML: \(error)")
    }
    guard let root, root.null == nil else { return SiteRegistry() }
    guard let list = root["sites"]?.sequence else {
      throw ConfigurationError(
        description: "\(path):\(root.mark?.line ?? 1): the file is a list of sites under \"sites:\"")
    }
    let sites = try list.map { try site($0, path) }
    do {
      return try SiteRegistry(sites)
    } catch {
      throw ConfigurationError(description: "\(path): \(error)")
    }
  }

  private static func site(_ node: Node, _ path: String) throws -> SiteRegistry.Site {
    let place = "\(path):\(node.mark?.line ?? 1)"
    guard let mapping = node.mapping else {
      throw ConfigurationError(description: "\(place): a site is a name, a title and a key")
    }
    var values: [String: String] = [:]
    for (key, value) in mapping {
      let name = key.string ?? ""
      guard ["name", "title", "key", "key-file"].contains(name), let text = value.scalar?.string else {
        throw ConfigurationError(
          description: "\(path):\(key.mark?.line ?? 1): a site has name, title and key or key-file, not \(name)")
      }
      values[name] = text
    }
    guard let given = values["name"] else { throw ConfigurationError(description: "\(place): the site has no name") }
    let name: String
    do {
      name = try SiteName.validated(given)
    } catch {
      throw ConfigurationError(description: "\(place): name \(error.expectation)")
    }
    let key: SiteKey
    if let file = values["key-file"] {
      let full = file.hasPrefix("/") ? file : (path as NSString).deletingLastPathComponent + "/" + file
      do {
        key = try SiteKey(contentsOf: full)
      } catch {
        throw ConfigurationError(description: "\(place): key-file \(full): \(error)")
      }
      guard key.site == name else {
        throw ConfigurationError(description: "\(place): key-file \(full) is the key of \(key.site), not of \(name)")
      }
    } else {
      key = try SiteKey.fromDigits(values["key"] ?? "", site: name, at: "\(place): key")
    }
    return .init(key: key, title: values["title"] ?? name)
  }
}

extension SiteKey {
  /// A key written as 64 hexadecimal digits. The digits themselves never stand in an error.
  static func fromDigits(_ digits: String, site: String, at place: String) throws -> SiteKey {
    var secret: [UInt8] = []
    var rest = digits.trimmingSpaces()[...]
    while rest.count >= 2, let byte = UInt8(rest.prefix(2), radix: 16) {
      secret.append(byte)
      rest = rest.dropFirst(2)
    }
    guard rest.isEmpty, secret.count == SiteKey.length else {
      throw ConfigurationError(description: "\(place) is 64 hexadecimal digits; \"rekkas key\" makes one")
    }
    return try SiteKey(site: site, secret: secret)
  }
}
