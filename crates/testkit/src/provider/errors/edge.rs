//! HTML pages of an edge in front of a provider: they say nothing about the key.

use super::super::answer::Answer;

/// A page in the manner of Cloudflare: 403 a refused address, 429 too many calls from it, 502 an origin that is down.
pub fn cloudflare(status: u16) -> Answer {
    let (title, text) = match status {
        403 => ("Attention Required! | Cloudflare", "Sorry, you have been blocked"),
        429 => ("Access denied | Cloudflare", "Error 1015: you are being rate limited"),
        _ => ("Bad gateway | Cloudflare", "Error 502: the host is not reachable"),
    };
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en-US\">\n<head><title>{title}</title></head>\n\
         <body><h1>{text}</h1><p>Cloudflare Ray ID: <strong>0000000000000000</strong></p></body>\n</html>\n"
    );
    Answer::with_body(status, "text/html; charset=UTF-8", page)
        .header("server", "cloudflare")
        .header("cf-ray", "0000000000000000-FRA")
        .header("set-cookie", "__cf_bm=mock; path=/; HttpOnly; Secure")
        .header("set-cookie", "_cfuvid=mock; path=/; HttpOnly; Secure")
}
