<?php
// queue.php ROOT: runs what Action Scheduler has to do now, as the shop's cron does every minute. Webhooks wait there.
require __DIR__ . '/begin.php';
$ran = 0;
do {
	$more = ActionScheduler_QueueRunner::instance()->run( 'test' );
	$ran += $more;
} while ( $more );
echo $ran;
