use super::*;

/// The example keys of AWS's own documentation, which open nothing.
fn signer(service: &str) -> AwsSigner {
    AwsSigner {
        region: "us-east-1".to_owned(),
        service: service.to_owned(),
        access_key_id: Secret::new("AKIDEXAMPLE"),
        secret_access_key: Secret::new(concat!("wJalrXUtnFEMI/K7MDENG+", "bPxRfiCYEXAMPLEKEY")),
        session_token: None,
    }
}

fn fields(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    map
}

fn signature(authorization: &str) -> &str {
    authorization.rsplit("Signature=").next().unwrap()
}

#[tokio::test]
async fn the_published_requests_have_the_published_signatures() {
    // The AWS Signature Version 4 test suite: get-vanilla, get-relative, get-slash-dot-slash, get-slashes,
    // get-vanilla-query-order-key-case, post-x-www-form-urlencoded.
    let host = [("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")];
    let form = ("content-type", "application/x-www-form-urlencoded");
    let vanilla = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    let cases = [
        ("GET", "/", "", &host[..], "", vanilla),
        ("GET", "/example/..", "", &host[..], "", vanilla),
        ("GET", "/./", "", &host[..], "", vanilla),
        ("GET", "//example//", "", &host[..], "", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
        ("GET", "/", "Param2=value2&Param1=value1", &host[..], "", {
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"
        }),
        ("POST", "/", "", &[host[0], host[1], form][..], "Param1=value1", {
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        }),
    ];
    for (method, path, query, headers, body, expected) in cases {
        let payload = payload_hash(Bytes::from_static(body.as_bytes())).await;
        let to_sign = ToSign { method, path, query, headers: &fields(headers), payload: &payload };
        let found = signer("service").authorization(&to_sign, "20150830T123600Z");
        assert_eq!(signature(&found), expected, "{method} {path}?{query}");
        assert!(found.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "));
    }
}

/// 2026-11-26, 01:02:03 UTC.
const NOW: Timestamp = Timestamp::from_unix_us(1_795_654_923_000_000);
const TARGET: &str = "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse?b=2&a=x%20y";

fn request(headers: &[(&'static str, &'static str)], body: Outbound) -> Request<Outbound> {
    let mut request = Request::post(TARGET).body(body).unwrap();
    *request.headers_mut() = fields(headers);
    request
}

fn held(body: &'static str) -> Outbound {
    Outbound::held(Bytes::from_static(body.as_bytes()), None)
}

#[tokio::test]
async fn a_request_for_bedrock_is_signed_as_amazons_own_client_signs_it() {
    // Both made with botocore 1.43.11, SigV4Auth, from the same keys, time, headers and body.
    let cases = [
        (None, "7f4d32860909f479f2b607632e6d43d43114a9bfed31824fdb8a72b35eb9ddbf"),
        (Some("SESSION"), "d3be6bc9f0a3dc64b5286b60250eb878b3c50a9167c3f4b0575817c95fec5412"),
    ];
    for (token, expected) in cases {
        let signer = AwsSigner { session_token: token.map(Secret::new), ..signer("bedrock") };
        let headers = [
            ("host", "bedrock-runtime.us-east-1.amazonaws.com"),
            ("content-type", "application/json"),
            ("x-amz-meta", "  two   words "),
        ];
        let mut request = request(&headers, held(r#"{"messages":[]}"#));
        signer.sign(&mut request, NOW).await.unwrap();
        let headers = request.headers();
        assert_eq!(headers[DATE], "20261126T010203Z");
        assert_eq!(headers.get(TOKEN).map(|v| v.to_str().unwrap()), token);
        assert_eq!(signature(headers[header::AUTHORIZATION].to_str().unwrap()), expected);
        assert!(headers[header::AUTHORIZATION].is_sensitive());
    }
}

#[tokio::test]
async fn what_the_client_signed_is_replaced_and_all_else_stays_in_its_order() {
    let mut request = request(
        &[
            ("accept", "a"),
            ("authorization", "AWS4-HMAC-SHA256 Credential=AKIDOTHER/x, SignedHeaders=host, Signature=0"),
            ("x-amz-date", "20200101T000000Z"),
            ("x-trace", "1"),
            ("x-amz-security-token", "theirs"),
            ("x-trace", "2"),
            ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
            ("host", "h"),
        ],
        held("{}"),
    );
    signer("bedrock").sign(&mut request, NOW).await.unwrap();
    let names: Vec<&str> = request.headers().keys().map(HeaderName::as_str).collect();
    assert_eq!(names, ["accept", "x-trace", "host", "x-amz-date", "authorization"]);
    assert_eq!(request.headers().get_all("x-trace").iter().collect::<Vec<_>>(), ["1", "2"]);
    let authorization = request.headers()[header::AUTHORIZATION].to_str().unwrap();
    assert!(authorization.contains("AKIDEXAMPLE") && !authorization.contains("AKIDOTHER"), "{authorization}");
    assert!(authorization.contains("SignedHeaders=host;x-amz-date,"), "{authorization}");
}

#[tokio::test]
async fn another_credential_passes_untouched() {
    let sent = [("authorization", "Bearer bedrock-api-key-made-up"), ("x-amz-date", "20200101T000000Z"), ("host", "h")];
    let mut request = request(&sent, held("{}"));
    signer("bedrock").sign(&mut request, NOW).await.unwrap();
    assert_eq!(*request.headers(), fields(&sent));
}

#[tokio::test]
async fn a_body_of_several_slices_has_the_hash_of_the_whole() {
    let body = Bytes::from(vec![7u8; SLICE * 3 + 5]);
    assert_eq!(payload_hash(body.clone()).await, hex::encode(sha256(&body)));
}

#[test]
fn dates_are_written_without_marks() {
    assert_eq!(date_of(Timestamp::from_unix_us(1_440_938_160_999_999)), "20150830T123600Z");
    assert_eq!(date_of(NOW), "20261126T010203Z");
}

#[test]
fn nothing_of_a_key_is_shown() {
    let signer = signer("bedrock");
    let shown = format!("{:?} {}", signer.secret_access_key, signer.access_key_id);
    assert_eq!(shown, "*** ***");
}
