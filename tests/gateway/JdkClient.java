import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;

/** Signs in with a client that is set up in no way: with a length, chunked, and once more on a kept connection. */
public class JdkClient {
    public static void main(String[] arguments) throws Exception {
        byte[] body = String.format("{\"mobile\":\"%s\",\"password\":\"%s\"}", arguments[1], arguments[2]).getBytes();
        var login = URI.create(arguments[0] + "/api/login");
        var client = HttpClient.newHttpClient();
        var chunked = BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body));
        var results = new StringBuilder();
        for (BodyPublisher publisher : new BodyPublisher[] {BodyPublishers.ofByteArray(body), chunked, chunked}) {
            var request = HttpRequest.newBuilder(login).POST(publisher).build();
            var answer = client.send(request, BodyHandlers.ofString());
            results.append(answer.body().replaceAll(".*\"errno\":(-?\\d+).*", "$1 "));
        }
        System.out.println(results);
    }
}
