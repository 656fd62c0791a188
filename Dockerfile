# The project's archive on a JDK: docker build -t click-counter .
FROM maven:3-eclipse-temurin-25 AS build
COPY . /build
WORKDIR /build
RUN ./mvnw --batch-mode --no-transfer-progress -Dquick -Dmaven.test.skip=true package \
    && mkdir /click-counter \
    && tar -xzf distribution/target/click-counter-*.tar.gz -C /click-counter --strip-components 1

FROM eclipse-temurin:25-jdk
RUN useradd --system --uid 10001 --home-dir /var/lib/click-counter click-counter \
    && install --directory --owner click-counter --group click-counter --mode 0750 /var/lib/click-counter \
    && install --directory --owner click-counter /run/click-counter
COPY --from=build /click-counter /opt/click-counter
USER click-counter
ENV DATA_DIR=/var/lib/click-counter INGEST_SOCKET=/run/click-counter/ingest.sock
VOLUME /var/lib/click-counter
EXPOSE 3000
# All processes share one container because they must see each other's process ids; a process that dies is restarted.
ENTRYPOINT ["/opt/click-counter/bin/run.sh"]
