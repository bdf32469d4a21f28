// `fetch` as a browser has it for one person: it keeps the cookies, and notes what was sent.

/** A fetch with a cookie jar of its own; `sent` lists method, URL and status of every request. */
export function makeBrowserFetch() {
  const cookies = new Map();
  const sent = [];
  const browserFetch = async (url, options = {}) => {
    const headers = new Headers(options.headers);
    if (cookies.size > 0) headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '));
    const response = await fetch(url, { ...options, headers });
    for (const line of response.headers.getSetCookie()) keep(cookies, line);
    sent.push({ method: options.method ?? 'GET', url: String(url), body: options.body, status: response.status });
    return response;
  };
  return { fetch: browserFetch, cookies, sent };
}

function keep(cookies, line) {
  const [pair, ...attributes] = line.split(';').map((part) => part.trim());
  const [name, value] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
  const isGone = value === '' || attributes.some((a) => /^max-age=0$/i.test(a));
  if (isGone) cookies.delete(name);
  else cookies.set(name, value);
}
