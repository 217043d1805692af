/**
 * A certificate for localhost and 127.0.0.1 that signed itself, until 2126, and its key: for TLS between two programs of one
 * test. Nobody else trusts it.
 */
const CERTIFICATE = [
  'MIIBnDCCAUGgAwIBAgIUfls0+dwNsPUqqa38cIQQmsCHpZ0wCgYIKoZIzj0EAwIw',
  'FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjE4MTAyNVoYDzIxMjYxMDI5',
  'MTgxMDI1WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO',
  'PQMBBwNCAATorrjkFmKCHt70bSvitW9cyXJdoclZi8rEedlzt1BiEXkwWaxRIqeU',
  'P4GmLvaVNYiCCtQMqiHP80OR0lV99A1Fo28wbTAdBgNVHQ4EFgQU9Nrat6Kkp4RS',
  'cihgVMCqsB2xAlAwHwYDVR0jBBgwFoAU9Nrat6Kkp4RScihgVMCqsB2xAlAwDwYD',
  'VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI',
  'zj0EAwIDSQAwRgIhAL/4f92AyjC3Hn03hdv3n1NPlCp+jrWKkiOUw6Jpv4I7AiEA',
  't20oMOeeR1dE5+yoo7LLUFKUzK6FtBLoKjQ2LZeZh1o=',
];
const KEY = [
  'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg9zQ5B2qbCaCX20w1',
  'oqZWnqiJyBvi9e9cw/UhMQXk8EGhRANCAATorrjkFmKCHt70bSvitW9cyXJdoclZ',
  'i8rEedlzt1BiEXkwWaxRIqeUP4GmLvaVNYiCCtQMqiHP80OR0lV99A1F',
];

const pem = (label: string, lines: readonly string[]): string =>
  [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');

export const loopbackCertificate = pem('CERTIFICATE', CERTIFICATE);
export const loopbackKey = pem('PRIVATE KEY', KEY);
