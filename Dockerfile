# Image for every command. Build it in a clone: docker build --tag gh-permit-sync .
FROM node:24-alpine AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run build

FROM node:24-alpine
# The program needs neither npm nor yarn.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn*
COPY --from=build /src/package.json /src/LICENSE /app/
COPY --from=build /src/bin /app/bin
COPY --from=build /src/dist /app/dist
# Mount gh-permit-sync.yaml into this folder.
WORKDIR /config
USER node
ENV NODE_ENV=production
EXPOSE 4000
# Only `receive` can be asked; every other command is healthy while it runs. HEALTH_PORT follows --port.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
  CMD tr '\0' ' ' < /proc/1/cmdline | grep -q ' receive ' || exit 0; \
      wget -q -O /dev/null "http://127.0.0.1:${HEALTH_PORT:-4000}/healthz"
ENTRYPOINT ["node", "/app/bin/gh-permit-sync.js"]
CMD ["--help"]
